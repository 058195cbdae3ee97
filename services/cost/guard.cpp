#include "services/cost/guard.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace sandglass::cost {

namespace {

constexpr std::chrono::days handledFor{92};
constexpr std::size_t mostPlanned = 10'000;

constexpr std::size_t mostHandled = 20'000; // the state stays well below what a record file may hold

/// Many targets are looked up among many sandboxes.
class FactsById final
{
public:
    explicit FactsById(const std::vector<SandboxFacts> &facts)
    {
        m_facts.reserve(facts.size());
        for (const SandboxFacts &sandbox : facts)
            m_facts.emplace(sandbox.id, &sandbox);
    }
    [[nodiscard]] const SandboxFacts *find(const std::string &id) const
    {
        const auto found = m_facts.find(id);
        return found == m_facts.end() ? nullptr : found->second;
    }

private:
    std::unordered_map<std::string_view, const SandboxFacts *> m_facts;
};

/// Whether the action would still change anything.
bool isOpenTo(const SandboxFacts &sandbox, Budget::Action action)
{
    return sandbox.state == SandboxFacts::State::Running
        || (action == Budget::Action::Kill && sandbox.state == SandboxFacts::State::Paused);
}

} // namespace

const char *nameOf(Budget::Action action)
{
    switch (action) {
    case Budget::Action::Pause:
        return "pause";
    case Budget::Action::Kill:
        return "kill";
    case Budget::Action::Notify:
        break;
    }
    return "notify";
}

Guard::Guard(AuditLog &audit, Clock clock, Execute execute)
    : m_audit(audit), m_clock(std::move(clock)), m_execute(std::move(execute))
{}

std::string Guard::keyOf(const std::string &cause, const std::string &sandboxId)
{
    return cause + '\n' + sandboxId;
}

bool Guard::isAllowed(const SandboxFacts &sandbox) const
{
    return std::ranges::any_of(m_allowed, [&](const Scope &scope) { return scope.covers(sandbox); });
}

void Guard::note(const char *who, std::string verb, const std::string &target, const std::string &why,
                 std::string answer)
{
    // A log that cannot be written does not stop the brake; the owner sees the failure by the answer of newest().
    (void)m_audit.append({m_clock(), who, std::move(verb), target, why, std::move(answer)});
}

void Guard::order(const GuardOrder &order, const std::vector<SandboxFacts> &facts)
{
    if (order.action == Budget::Action::Notify)
        return;
    // Apart from the real ones: what has been rehearsed is still to be done once somebody means it.
    const std::string cause = order.isDryRun ? "dry run " + order.cause : order.cause;
    std::vector<std::string> fresh;
    for (const std::string &id : order.sandboxes) {
        if (!m_handled.contains(keyOf(cause, id)))
            fresh.push_back(id);
    }
    if (fresh.empty())
        return; // the same order comes again and again while its cause lasts
    const FactsById byId(facts);
    const Timestamp now = m_clock();
    std::vector<AuditEntry> entries;
    for (const std::string &id : fresh) {
        const SandboxFacts *sandbox = byId.find(id);
        if (sandbox == nullptr || !isOpenTo(*sandbox, order.action) || isAllowed(*sandbox)
            || m_planned.size() >= mostPlanned || !m_handled.emplace(keyOf(cause, id), now).second)
            continue;
        if (order.isDryRun) {
            entries.push_back({now, "guard", std::string("would ") + nameOf(order.action), id, order.why, "dry run"});
            continue;
        }
        m_planned.push_back({order.cause, order.why, id, order.action, now + order.grace, 0});
        entries.push_back({now, "guard", nameOf(order.action), id, order.why,
                           "planned for " + formatRfc3339(m_planned.back().dueAt, 0)});
    }
    if (entries.empty())
        return;
    std::ranges::stable_sort(m_planned, {}, &PlannedAction::dueAt);
    (void)m_audit.appendAll(entries); // as in note()
    save();
}

int Guard::undo(const std::string &cause, const std::string &sandboxId)
{
    int undone = 0;
    std::erase_if(m_planned, [&](const PlannedAction &action) {
        if (action.cause != cause || (!sandboxId.empty() && action.sandboxId != sandboxId))
            return false;
        note("person", "undo", action.sandboxId, action.why, "ok");
        ++undone;
        return true;
    });
    if (undone > 0)
        save();
    return undone;
}

void Guard::forgetOld(Timestamp now)
{
    std::erase_if(m_handled, [&](const auto &entry) { return entry.second + handledFor < now; });
    if (m_handled.size() <= mostHandled)
        return;
    std::vector<Timestamp> times;
    times.reserve(m_handled.size());
    for (const auto &entry : m_handled)
        times.push_back(entry.second);
    const auto oldestKept = times.end() - static_cast<std::ptrdiff_t>(mostHandled);
    std::ranges::nth_element(times, oldestKept);
    std::erase_if(m_handled, [limit = *oldestKept](const auto &entry) { return entry.second < limit; });
}

void Guard::tick(const std::vector<SandboxFacts> &facts, Timestamp factsAt)
{
    const Timestamp now = m_clock();
    forgetOld(now);
    if (now - factsAt > freshFor || factsAt - now > freshFor)
        return; // what is due stays due until somebody knows again
    if (m_planned.empty())
        return;
    const FactsById byId(facts);
    std::vector<PlannedAction> due;
    std::vector<PlannedAction> over;
    std::erase_if(m_planned, [&](PlannedAction &action) {
        const SandboxFacts *sandbox = byId.find(action.sandboxId);
        const bool isOver = sandbox == nullptr || !isOpenTo(*sandbox, action.action);
        if (!isOver && action.dueAt > now)
            return false;
        (isOver ? over : due).push_back(std::move(action));
        return true;
    });
    if (due.empty() && over.empty())
        return;
    save();
    for (const PlannedAction &action : over)
        note("guard", nameOf(action.action), action.sandboxId, action.why, "not needed: it does not run any more");
    for (const PlannedAction &action : due) {
        if (isAllowed(*byId.find(action.sandboxId)))
            note("guard", nameOf(action.action), action.sandboxId, action.why, "left alone: on the allow-list");
        else
            act(action);
    }
}

void Guard::act(const PlannedAction &action)
{
    m_execute(action.action, action.sandboxId, [self = std::weak_ptr(m_self), action](const Result<> &answer) {
        if (const auto alive = self.lock())
            (*alive)->takeAnswer(action, answer);
    });
}

void Guard::takeAnswer(PlannedAction action, const Result<> &answer)
{
    const auto say = [&](std::string text) {
        note("guard", nameOf(action.action), action.sandboxId, action.why, std::move(text));
    };
    if (answer)
        return say("ok");
    if (answer.error().status == 404)
        return say("ok: it was gone"); // what was wanted
    if (!answer.error().isRetryable() || ++action.failures >= mostTries)
        return say(answer.error().message);
    // The next try looks at fresh facts first: after a timeout the sandbox may have been stopped all the same.
    action.dueAt = m_clock() + retryAfter * action.failures;
    say(answer.error().message + "; next try " + formatRfc3339(action.dueAt, 0));
    m_planned.push_back(std::move(action));
    std::ranges::stable_sort(m_planned, {}, &PlannedAction::dueAt);
    save();
}

void Guard::save()
{
    if (!m_save)
        return;
    if (const auto saved = m_save(state()); !saved)
        note("guard", "save", {}, "plans are kept over a restart", saved.error().message);
}

std::optional<Timestamp> Guard::nextDue() const
{
    return m_planned.empty() ? std::nullopt : std::optional(m_planned.front().dueAt);
}

Json Guard::state() const
{
    Json planned = Json::array();
    for (const PlannedAction &action : m_planned)
        planned.push_back({{"cause", action.cause},
                           {"why", action.why},
                           {"sandbox", action.sandboxId},
                           {"action", nameOf(action.action)},
                           {"due_at", formatRfc3339(action.dueAt, 9)},
                           {"failures", action.failures}});
    Json handled = Json::object();
    for (const auto &[key, at] : m_handled)
        handled[key] = formatRfc3339(at, 0);
    return {{"planned", planned}, {"handled", handled}};
}

void Guard::restore(const Json &state)
{
    m_planned.clear();
    m_handled.clear();
    if (!state.is_object())
        return;
    for (const Json &entry : state.value("planned", Json::array())) {
        const auto due = parseRfc3339(stringOr(entry, "due_at"));
        const std::string action = stringOr(entry, "action");
        const std::string sandbox = stringOr(entry, "sandbox");
        if (due && !sandbox.empty() && (action == "pause" || action == "kill"))
            m_planned.push_back({stringOr(entry, "cause"), stringOr(entry, "why"), sandbox,
                                 action == "kill" ? Budget::Action::Kill : Budget::Action::Pause, *due,
                                 static_cast<int>(std::clamp<std::int64_t>(intOr(entry, "failures"), 0, mostTries))});
    }
    std::ranges::stable_sort(m_planned, {}, &PlannedAction::dueAt);
    const Json handled = state.value("handled", Json::object());
    for (const auto &[key, text] : handled.items()) {
        const auto at = text.is_string() ? parseRfc3339(text.get<std::string>()) : std::nullopt;
        if (at)
            m_handled.emplace(key, *at);
    }
}

} // namespace sandglass::cost
