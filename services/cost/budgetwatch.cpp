#include "services/cost/budgetwatch.h"

#include <algorithm>
#include <tuple>

namespace sandglass::cost {

namespace {

constexpr int limitPercent = 100;
constexpr double nearShare = 0.8;

/// Whole seconds, rounded up: a millisecond over the limit is over the limit.
std::int64_t ageOf(const SandboxFacts &sandbox, Timestamp now)
{
    return std::chrono::ceil<std::chrono::seconds>(activeTime(sandbox, now)).count();
}

/// Asks once per period: budgets of one period share the answer.
class SharedFacts final : public BudgetWatch::Source
{
public:
    explicit SharedFacts(const BudgetWatch::FactsOf &factsOf) : m_factsOf(factsOf) {}

    const std::vector<SandboxFacts> &sandboxes(const Period &period) override
    {
        const auto key = std::pair(period.from, period.to);
        auto found = m_facts.find(key);
        if (found == m_facts.end())
            found = m_facts.emplace(key, m_factsOf(period)).first;
        return found->second;
    }
    Settled settled(const Budget &, const Period &) override { return {}; }

private:
    const BudgetWatch::FactsOf &m_factsOf;
    std::map<std::pair<Timestamp, Timestamp>, std::vector<SandboxFacts>> m_facts;
};

BudgetUsage usageOf(const Budget &budget, const Period &period, const std::vector<SandboxFacts> &sandboxes,
                    const BudgetWatch::Source::Settled &settled, Timestamp now)
{
    BudgetUsage usage{budget.id, period, {}, 0, 0, 0};
    if (budget.measure == Budget::Measure::Money) {
        usage.spent = settled.spent;
        usage.unpriced = settled.unpriced;
    } else if (budget.measure == Budget::Measure::Created) {
        usage.count = settled.created;
    }
    for (const SandboxFacts &sandbox : sandboxes) {
        if (!budget.scope.covers(sandbox))
            continue;
        switch (budget.measure) {
        case Budget::Measure::Money:
            if (sandbox.costInPeriod)
                usage.spent += *sandbox.costInPeriod;
            else
                ++usage.unpriced;
            break;
        case Budget::Measure::Created:
            usage.count += sandbox.createdAt && period.contains(*sandbox.createdAt) ? 1 : 0;
            break;
        case Budget::Measure::Concurrent:
            usage.count += sandbox.state == SandboxFacts::State::Running ? 1 : 0;
            break;
        case Budget::Measure::Age:
            if (sandbox.state == SandboxFacts::State::Running)
                usage.count = std::max(usage.count, ageOf(sandbox, now));
            break;
        }
    }
    usage.share = budget.measure == Budget::Measure::Money
        ? usage.spent.toDollars() / budget.moneyLimit.toDollars()
        : static_cast<double>(usage.count) / static_cast<double>(budget.countLimit);
    return usage;
}

bool isAllowed(const Budget &budget, const SandboxFacts &sandbox)
{
    return std::ranges::any_of(budget.allowed, [&](const Scope &scope) { return scope.covers(sandbox); });
}

} // namespace

bool hasPassed(const Budget &budget, const BudgetUsage &usage, int percent)
{
    if (budget.measure == Budget::Measure::Money)
        return usage.spent >= budget.moneyLimit.scaled(percent, limitPercent);
    return usage.count * limitPercent > budget.countLimit * percent;
}

bool isNear(const BudgetUsage &usage)
{
    return usage.share >= nearShare;
}

bool isOver(const Budget &budget, const BudgetUsage &usage)
{
    return hasPassed(budget, usage, limitPercent);
}

std::vector<std::string> targetsOf(const Budget &budget, const BudgetUsage &usage,
                                   const std::vector<SandboxFacts> &sandboxes, Timestamp now)
{
    if (!isOver(budget, usage))
        return {};
    std::vector<const SandboxFacts *> running;
    for (const SandboxFacts &sandbox : sandboxes) {
        if (sandbox.state == SandboxFacts::State::Running && budget.scope.covers(sandbox)
            && (budget.measure != Budget::Measure::Age || ageOf(sandbox, now) > budget.countLimit))
            running.push_back(&sandbox);
    }
    std::ranges::sort(running, [](const SandboxFacts *a, const SandboxFacts *b) {
        return std::tie(b->createdAt, b->id) < std::tie(a->createdAt, a->id);
    });
    std::erase_if(running, [&](const SandboxFacts *sandbox) { return isAllowed(budget, *sandbox); });
    if (budget.measure == Budget::Measure::Created || budget.measure == Budget::Measure::Concurrent) {
        const auto excess = static_cast<std::size_t>(usage.count - budget.countLimit);
        running.resize(std::min(running.size(), excess));
    }
    std::vector<std::string> ids;
    for (const SandboxFacts *sandbox : running)
        ids.push_back(sandbox->id);
    return ids;
}

const Budget *BudgetWatch::find(const std::string &id) const
{
    const auto found = std::ranges::find(m_budgets, id, &Budget::id);
    return found == m_budgets.end() ? nullptr : &*found;
}

BudgetWatch::Round BudgetWatch::evaluate(Timestamp now, const FactsOf &factsOf)
{
    SharedFacts facts(factsOf);
    return evaluate(now, facts);
}

BudgetWatch::Round BudgetWatch::evaluate(Timestamp now, Source &source)
{
    Round round;
    for (const Budget &budget : m_budgets) {
        if (!budget.isEnabled || !faultOf(budget).empty())
            continue;
        const Period period = periodAt(now, budget.period, budget.timeZone);
        const Source::Settled settled = source.settled(budget, period);
        const std::vector<SandboxFacts> &facts = source.sandboxes(period);
        const BudgetUsage usage = usageOf(budget, period, facts, settled, now);
        round.usages.push_back(usage);
        if (budget.action != Budget::Action::Notify && isOver(budget, usage))
            round.stops.push_back({budget.id, targetsOf(budget, usage, facts, now)});
        Told &told = m_told[budget.id];
        if (told.periodFrom != period.from)
            told = {period.from, {}};
        for (const int percent : budget.thresholds) {
            if (hasPassed(budget, usage, percent) && told.thresholds.insert(percent).second)
                round.alerts.push_back({budget.id, period, percent, percent >= limitPercent, usage});
        }
    }
    std::erase_if(m_told, [this](const auto &entry) { return find(entry.first) == nullptr; });
    return round;
}

Json BudgetWatch::state() const
{
    Json state = Json::object();
    for (const auto &[id, told] : m_told)
        state[id] = {{"period_from", formatRfc3339(told.periodFrom, 9)}, {"thresholds", told.thresholds}};
    return state;
}

void BudgetWatch::restore(const Json &state)
{
    m_told.clear();
    if (!state.is_object())
        return;
    for (const auto &[id, entry] : state.items()) {
        const auto from = parseRfc3339(stringOr(entry, "period_from"));
        if (!from || !entry.contains("thresholds") || !entry["thresholds"].is_array())
            continue;
        Told told{*from, {}};
        for (const Json &percent : entry["thresholds"]) {
            if (percent.is_number_integer())
                told.thresholds.insert(percent.get<int>());
        }
        m_told.emplace(id, std::move(told));
    }
}

} // namespace sandglass::cost
