#include "models/budgets/guardworker.h"

#include "services/core/qtstring.h"
#include "services/lifecycle/recordfile.h"

#include <algorithm>

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace sandglass::models {

namespace {

constexpr std::size_t mostAudit = 500;    // entries that the window is given at the start
constexpr milliseconds longestTimer = 1h; // by then it is looked at again
constexpr milliseconds staleRetry = 5s;   // while what is due may not be done
constexpr std::size_t mostRunawaysTold = 20'000;

std::string minutesOf(milliseconds time)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    return seconds % 60 == 0 ? std::to_string(seconds / 60) + " min" : std::to_string(seconds) + " s";
}

bool needsTicks(const cost::Budget &budget)
{
    return budget.isEnabled
        && (budget.measure == cost::Budget::Measure::Money || budget.measure == cost::Budget::Measure::Age);
}

} // namespace

GuardWorker::GuardWorker(GuardFiles files, Clock clock)
    : m_files(std::move(files))
    , m_clock(std::move(clock))
    , m_audit(m_files.audit)
    , m_ledger(m_files.journal)
    , m_guard(m_audit, m_clock,
              [this](cost::Budget::Action action, const std::string &id, cost::Guard::Answer answer) {
                  m_open.emplace(++m_lastToken, std::move(answer));
                  const cost::SandboxFacts *facts = m_ledger.find(id);
                  Q_EMIT actionWanted(m_lastToken, action == cost::Budget::Action::Kill, toQString(id),
                                      facts ? toQString(facts->connection) : QString());
              })
    , m_soon(this)
    , m_next(this)
{
    m_audit.setListener([this](const cost::AuditEntry &entry) { m_freshAudit.push_back(entry); });
    m_guard.setSave([this](const Json &) { return save(); });
    m_soon.setSingleShot(true);
    m_next.setSingleShot(true);
    m_next.setTimerType(Qt::PreciseTimer);
    connect(&m_soon, &QTimer::timeout, this, &GuardWorker::evaluate);
    connect(&m_next, &QTimer::timeout, this, &GuardWorker::evaluate);
}

void GuardWorker::open()
{
    const auto state = lifecycle::readRecord(m_files.state);
    if (!state) {
        Q_EMIT failed(toQString("what the guard has done before cannot be read: " + state.error().message));
    } else if (state->is_object()) {
        m_watch.restore(memberOr(*state, "told"));
        m_guard.restore(memberOr(*state, "guard"));
        m_ledger.restoreConnections(memberOr(*state, "connections"));
        const Json &runaways = memberOr(*state, "runaways");
        for (const Json &id : runaways.is_array() ? runaways : Json::array()) {
            if (id.is_string())
                m_toldRunaways.insert(id.get<std::string>());
        }
    }
    Q_EMIT auditAdded(m_audit.newest(mostAudit));
}

Result<> GuardWorker::save()
{
    return lifecycle::writeRecord(m_files.state,
                                  {{"told", m_watch.state()},
                                   {"guard", m_guard.state()},
                                   {"runaways", m_toldRunaways},
                                   {"connections", m_ledger.connections()}});
}

void GuardWorker::saveConfig(const Json &config)
{
    if (const auto saved = lifecycle::writeRecord(m_files.config, config); !saved)
        Q_EMIT failed(toQString(saved.error().message));
}

void GuardWorker::begin(quint64 generation, std::vector<cost::Budget> budgets, RunawayPolicy policy,
                        cost::RateCard card)
{
    m_generation = generation;
    m_isReady = false;
    m_policy = std::move(policy);
    m_watch.setBudgets(budgets);
    m_ledger.begin(std::move(budgets), std::move(card), m_clock());
}

void GuardWorker::take(const std::vector<lifecycle::Sandbox> &sandboxes)
{
    m_ledger.setNow(m_clock());
    for (const lifecycle::Sandbox &sandbox : sandboxes)
        m_ledger.take(sandbox);
    evaluateSoon();
}

void GuardWorker::finish()
{
    if (const auto added = m_ledger.addCold(m_isStopped); !added)
        Q_EMIT failed(toQString("older sandboxes are missing in the sums: " + added.error().message));
    m_isReady = !m_isStopped;
    evaluate();
}

void GuardWorker::setPolicy(RunawayPolicy policy)
{
    m_policy = std::move(policy);
    evaluate();
}

void GuardWorker::belongs(const std::vector<std::string> &sandboxIds, const std::string &connection)
{
    for (const std::string &id : sandboxIds)
        m_ledger.belongs(id, connection);
}

void GuardWorker::confirmFacts(Timestamp time)
{
    m_isInDoubt = false;
    hearOf(time);
}

void GuardWorker::hearOf(Timestamp time)
{
    if (m_isInDoubt)
        return;
    const bool wasStale = isStale(m_clock());
    m_factsAt = std::max(m_factsAt, time);
    if (wasStale)
        evaluateSoon();
}

void GuardWorker::doubtFacts()
{
    m_isInDoubt = true;
    m_factsAt = {};
    evaluate(); // the window tells that the guard waits
}

void GuardWorker::undo(const std::string &cause, const std::string &sandboxId)
{
    m_guard.undo(cause, sandboxId);
    evaluate();
}

void GuardWorker::note(const std::vector<cost::AuditEntry> &entries)
{
    if (const auto written = m_audit.appendAll(entries); !written)
        Q_EMIT failed(toQString(written.error().message));
    tellAudit();
}

void GuardWorker::takeAnswer(quint64 token, const Result<> &answer)
{
    auto found = m_open.extract(token);
    if (found.empty())
        return;
    found.mapped()(answer);
    tellAudit();
    evaluateSoon();
}

void GuardWorker::close()
{
    if (const auto saved = save(); !saved)
        Q_EMIT failed(toQString(saved.error().message));
}

void GuardWorker::evaluateSoon()
{
    if (!m_isReady || m_soon.isActive())
        return;
    const auto since = m_sinceEvaluated.isValid() ? milliseconds(m_sinceEvaluated.elapsed()) : evaluateEvery;
    m_soon.start(std::max(milliseconds::zero(), evaluateEvery - since));
}

bool GuardWorker::isStale(Timestamp now) const
{
    return now - m_factsAt > cost::Guard::freshFor;
}

void GuardWorker::evaluate()
{
    if (!m_isReady)
        return;
    m_soon.stop();
    m_sinceEvaluated.start();
    const Timestamp now = m_clock();
    if (now >= m_ledger.periodsEnd()) {
        m_isReady = false;
        Q_EMIT rescanWanted();
        return;
    }
    m_ledger.setNow(now);
    const cost::BudgetWatch::Round round = m_watch.evaluate(now, m_ledger);
    GuardReport result;
    result.at = now;
    result.generation = m_generation;
    result.usages = round.usages;
    std::vector<cost::AuditEntry> entries;
    for (const cost::BudgetAlert &alert : round.alerts) {
        const cost::Budget *budget = m_watch.find(alert.budgetId);
        result.alerts.push_back({GuardAlert::Kind::Threshold, alert, budget->name, {}});
        entries.push_back({now,
                           "guard",
                           "alert",
                           {},
                           "budget '" + budget->name + "'",
                           std::to_string(alert.threshold) + " % passed"});
    }
    orderStops(round);
    orderRunaways(result);
    if (!result.alerts.empty()) {
        // Before anybody is told: after a crash in between nothing is told twice.
        if (const auto saved = save(); !saved)
            Q_EMIT failed(toQString(saved.error().message));
        if (const auto written = m_audit.appendAll(entries); !written)
            Q_EMIT failed(toQString(written.error().message));
    }
    m_guard.tick(m_ledger.live(), m_factsAt);
    report(std::move(result));
    schedule();
}

void GuardWorker::orderStops(const cost::BudgetWatch::Round &round)
{
    for (const auto &stop : round.stops) {
        const cost::Budget *budget = m_watch.find(stop.budgetId);
        const auto usage = std::ranges::find(round.usages, stop.budgetId, &cost::BudgetUsage::budgetId);
        if (stop.targets.empty() || budget == nullptr || usage == round.usages.end())
            continue;
        m_guard.order({causeOf(*budget, usage->period), "budget '" + budget->name + "' is used up", budget->action,
                       budget->isDryRun, budget->grace, stop.targets},
                      m_ledger.live());
    }
}

void GuardWorker::orderRunaways(GuardReport &result)
{
    using Response = RunawayPolicy::Response;
    if (m_policy.response == Response::Off)
        return;
    const std::vector<cost::SandboxFacts> &facts = m_ledger.live();
    result.runaways = cost::findRunaways(facts, m_policy.rules, result.at);
    result.runawayCount = result.runaways.size();
    std::erase_if(m_toldRunaways, [&](const std::string &id) { return !m_ledger.isLive(id); });
    GuardAlert alert;
    alert.kind = GuardAlert::Kind::Runaway;
    for (const cost::Runaway &runaway : result.runaways) {
        if (m_toldRunaways.size() < mostRunawaysTold && m_toldRunaways.insert(runaway.sandboxId).second)
            alert.sandboxes.push_back(runaway.sandboxId);
    }
    if (!alert.sandboxes.empty())
        result.alerts.push_back(std::move(alert));
    if (m_policy.response != Response::Notify) {
        // One order for each threshold, which is the reason that the audit log gives.
        std::map<milliseconds, std::vector<std::string>> targets;
        for (const cost::Runaway &runaway : result.runaways) {
            const cost::SandboxFacts *sandbox = m_ledger.find(runaway.sandboxId);
            const bool isAllowed =
                std::ranges::any_of(m_policy.allowed, [&](const cost::Scope &scope) { return scope.covers(*sandbox); });
            if (!isAllowed)
                targets[runaway.active - runaway.exceededBy].push_back(runaway.sandboxId);
        }
        for (auto &[threshold, ids] : targets)
            m_guard.order(
                {runawayCause, "runs longer than " + minutesOf(threshold),
                 m_policy.response == Response::Kill ? cost::Budget::Action::Kill : cost::Budget::Action::Pause,
                 m_policy.isDryRun, m_policy.grace, std::move(ids)},
                facts);
    }
    if (result.runaways.size() > GuardReport::mostListed)
        result.runaways.resize(GuardReport::mostListed);
}

void GuardWorker::report(GuardReport result)
{
    const auto &planned = m_guard.planned();
    result.plannedCount = planned.size();
    result.planned.assign(planned.begin(),
                          planned.begin()
                              + static_cast<std::ptrdiff_t>(std::min(planned.size(), GuardReport::mostListed)));
    result.teams = m_ledger.teams();
    result.isStale = isStale(result.at);
    tellAudit();
    Q_EMIT reported(std::make_shared<const GuardReport>(std::move(result)));
}

void GuardWorker::schedule()
{
    const Timestamp now = m_clock();
    Timestamp next = std::min(m_ledger.periodsEnd(), now + longestTimer);
    if (const auto due = m_guard.nextDue())
        next = std::min(next, isStale(now) ? std::max(*due, now + staleRetry) : *due);
    if (m_policy.response != RunawayPolicy::Response::Off) {
        if (const auto runaway = cost::nextRunawayAt(m_ledger.live(), m_policy.rules, now))
            next = std::min(next, *runaway);
    }
    const bool runs = std::ranges::any_of(m_ledger.live(), [](const cost::SandboxFacts &sandbox) {
        return sandbox.state == cost::SandboxFacts::State::Running;
    });
    if (runs && std::ranges::any_of(m_watch.budgets(), needsTicks))
        next = std::min(next, now + moneyEvery);
    m_next.start(std::max(milliseconds::zero(), std::chrono::ceil<milliseconds>(next - now)));
}

void GuardWorker::tellAudit()
{
    if (m_freshAudit.empty())
        return;
    std::ranges::reverse(m_freshAudit);
    Q_EMIT auditAdded(std::exchange(m_freshAudit, {}));
}

} // namespace sandglass::models
