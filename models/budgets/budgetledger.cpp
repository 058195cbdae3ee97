#include "models/budgets/budgetledger.h"

#include "services/lifecycle/coldsandboxes.h"
#include "services/lifecycle/snapshot.h"
#include "services/lifecycle/usageindex.h"

#include <algorithm>

using std::chrono::milliseconds;

namespace sandglass::models {

namespace {

constexpr std::size_t mostTeams = 1'000;

/// As the tracker counts it: what can be priced, and "unknown" when nothing of it can.
std::optional<Money> costWithin(const std::vector<lifecycle::RunInterval> &runs, const cost::RateCard &card,
                                const cost::Period &period, Timestamp now)
{
    Money sum;
    bool isKnown = false;
    bool isUnknown = false;
    for (const lifecycle::RunInterval &run : runs) {
        const cost::Usage usage = lifecycle::usageOf(run, now);
        if (usage.start >= period.to || usage.effectiveEnd() <= period.from)
            continue;
        if (const auto price = cost::priceOf(usage, card, period.from, period.to)) {
            sum += *price;
            isKnown = true;
        } else {
            isUnknown = true;
        }
    }
    return isUnknown && !isKnown ? std::nullopt : std::optional(sum);
}

} // namespace

struct BudgetLedger::Tables
{
    lifecycle::Database database;
    lifecycle::ColdFinder finder;

    explicit Tables(lifecycle::Database open) : database(std::move(open)), finder(database) {}
};

BudgetLedger::BudgetLedger(std::filesystem::path journal) : m_journal(std::move(journal)) {}

BudgetLedger::~BudgetLedger() = default;

void BudgetLedger::begin(std::vector<cost::Budget> budgets, cost::RateCard card, Timestamp now)
{
    m_budgets = std::move(budgets);
    m_card = std::move(card);
    m_now = m_earliest = now;
    m_periodsEnd = Timestamp::max();
    m_periods.clear();
    for (const cost::Budget &budget : m_budgets) {
        m_periods.push_back(cost::periodAt(now, budget.period, budget.timeZone));
        m_earliest = std::min(m_earliest, m_periods.back().from);
        m_periodsEnd = std::min(m_periodsEnd, m_periods.back().to);
    }
    m_sums.assign(m_budgets.size(), {});
    m_tables.reset();
    m_live.clear();
    m_runs.clear();
    m_places.clear();
    m_ended.clear();
    m_teamOf.clear();
    m_priced.reset();
}

cost::SandboxFacts BudgetLedger::factsOf(const lifecycle::Sandbox &sandbox) const
{
    using State = cost::SandboxFacts::State;
    cost::SandboxFacts facts;
    facts.id = sandbox.id;
    facts.templateId = sandbox.templateId;
    facts.templateName = sandbox.templateName();
    facts.teamId = sandbox.teamId;
    facts.metadata = sandbox.metadata;
    facts.state = sandbox.state == lifecycle::SandboxState::Running ? State::Running
        : sandbox.state == lifecycle::SandboxState::Paused          ? State::Paused
                                                                    : State::Ended;
    facts.createdAt = sandbox.createdAt;
    facts.requestedEnd = sandbox.endAt;
    for (const lifecycle::RunInterval &run : sandbox.runs) {
        if (!run.end && !run.confirmedMs) {
            if (facts.state == State::Running)
                facts.runningSince = run.start;
        } else {
            const milliseconds told = run.confirmedMs ? milliseconds(*run.confirmedMs)
                                                      : std::chrono::floor<milliseconds>(*run.end - run.start);
            facts.activeBefore += std::max(milliseconds::zero(), told);
        }
    }
    const auto named = m_connectionOf.find(sandbox.id);
    const auto team = m_teams.find(sandbox.teamId);
    facts.connection = named != m_connectionOf.end() ? named->second : team != m_teams.end() ? team->second : "";
    return facts;
}

BudgetLedger::Shares BudgetLedger::sharesOf(const lifecycle::Sandbox &sandbox) const
{
    Shares shares;
    const cost::SandboxFacts facts = factsOf(sandbox);
    for (std::size_t i = 0; i < m_budgets.size(); ++i) {
        if (!m_budgets[i].scope.covers(facts))
            continue;
        Settled share;
        if (m_budgets[i].measure == cost::Budget::Measure::Money) {
            const auto spent = costWithin(sandbox.runs, m_card.of(sandbox.teamId), m_periods[i], m_now);
            share.spent = spent.value_or(Money{});
            share.unpriced = spent ? 0 : 1;
        } else if (m_budgets[i].measure == cost::Budget::Measure::Created) {
            share.created = sandbox.createdAt && m_periods[i].contains(*sandbox.createdAt) ? 1 : 0;
        }
        if (!share.spent.isZero() || share.created != 0 || share.unpriced != 0)
            shares.emplace_back(i, share);
    }
    return shares;
}

void BudgetLedger::add(const Shares &shares, int sign)
{
    for (const auto &[place, share] : shares) {
        Settled &sum = m_sums[place];
        sum.spent += share.spent.scaled(sign, 1);
        sum.created += sign * share.created;
        sum.unpriced += sign * share.unpriced;
    }
}

void BudgetLedger::drop(const std::string &id)
{
    if (const auto ended = m_ended.find(id); ended != m_ended.end()) {
        add(ended->second, -1);
        m_ended.erase(ended);
        return;
    }
    const auto place = m_places.find(id);
    if (place == m_places.end())
        return;
    const std::size_t gap = place->second;
    m_places.erase(place);
    if (gap + 1 != m_live.size()) {
        m_live[gap] = std::move(m_live.back());
        m_runs[gap] = std::move(m_runs.back());
        m_places[m_live[gap].id] = gap;
    }
    m_live.pop_back();
    m_runs.pop_back();
}

void BudgetLedger::takeOutOfCold(const std::string &id)
{
    const auto cold = m_tables->finder.find(id);
    const auto counted = cold ? lifecycle::sandboxOf(cold->counted) : std::nullopt;
    if (counted)
        add(sharesOf(*counted), -1);
}

void BudgetLedger::learnTeam(const lifecycle::Sandbox &sandbox)
{
    if (sandbox.teamId.empty() || m_teams.size() >= mostTeams)
        return;
    const auto named = sandbox.isLive() ? m_connectionOf.find(sandbox.id) : m_connectionOf.end();
    if (named != m_connectionOf.end())
        m_teams[sandbox.teamId] = named->second;
    else
        m_teams.try_emplace(sandbox.teamId);
}

void BudgetLedger::take(const lifecycle::Sandbox &sandbox)
{
    if (m_tables && !m_places.contains(sandbox.id) && !m_ended.contains(sandbox.id))
        takeOutOfCold(sandbox.id);
    drop(sandbox.id);
    m_priced.reset();
    learnTeam(sandbox);
    if (sandbox.isLive()) {
        if (!sandbox.teamId.empty())
            m_teamOf[sandbox.id] = sandbox.teamId;
        m_places[sandbox.id] = m_live.size();
        m_live.push_back(factsOf(sandbox));
        m_runs.push_back(sandbox.runs);
        return;
    }
    Shares shares = sharesOf(sandbox);
    add(shares, 1);
    m_ended.emplace(sandbox.id, std::move(shares));
    m_connectionOf.erase(sandbox.id);
    m_teamOf.erase(sandbox.id);
}

Result<> BudgetLedger::addCold(const std::atomic<bool> &isStopped)
{
    std::erase_if(m_connectionOf, [this](const auto &entry) { return !m_places.contains(entry.first); });
    if (m_journal.empty() || m_budgets.empty())
        return {};
    auto database = lifecycle::Database::open(m_journal, lifecycle::Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    auto tables = std::make_unique<Tables>(std::move(*database));
    auto read = lifecycle::forEachCold(tables->database, m_earliest, [&](const lifecycle::Sandbox &sandbox) {
        // One with news of this session is in memory, and newer there.
        if (!m_ended.contains(sandbox.id) && !m_places.contains(sandbox.id)) {
            learnTeam(sandbox);
            add(sharesOf(sandbox), 1);
        }
        return !isStopped.load();
    });
    m_tables = std::move(tables);
    return read;
}

void BudgetLedger::belongs(const std::string &sandboxId, const std::string &connection)
{
    if (m_ended.contains(sandboxId))
        return; // nobody acts on it
    m_connectionOf[sandboxId] = connection;
    if (const auto place = m_places.find(sandboxId); place != m_places.end())
        m_live[place->second].connection = connection;
    if (const auto team = m_teamOf.find(sandboxId); team != m_teamOf.end() && m_teams.size() < mostTeams)
        m_teams[team->second] = connection;
}

Json BudgetLedger::connections() const
{
    Json sandboxes = Json::object();
    for (const auto &[id, connection] : m_connectionOf)
        sandboxes[id] = connection;
    return {{"teams", m_teams}, {"sandboxes", std::move(sandboxes)}};
}

void BudgetLedger::restoreConnections(const Json &state)
{
    const auto read = [&state](const char *member, auto &into) {
        const Json &names = memberOr(state, member);
        if (!names.is_object())
            return;
        for (const auto &[key, connection] : names.items()) {
            if (connection.is_string())
                into[key] = connection.template get<std::string>();
        }
    };
    read("teams", m_teams);
    read("sandboxes", m_connectionOf);
}

const cost::SandboxFacts *BudgetLedger::find(const std::string &id) const
{
    const auto place = m_places.find(id);
    return place == m_places.end() ? nullptr : &m_live[place->second];
}

void BudgetLedger::setNow(Timestamp now)
{
    m_now = now;
}

const std::vector<cost::SandboxFacts> &BudgetLedger::sandboxes(const cost::Period &period)
{
    const std::pair wanted(period, m_now);
    if (m_priced != wanted) {
        for (std::size_t i = 0; i < m_live.size(); ++i)
            m_live[i].costInPeriod = costWithin(m_runs[i], m_card.of(m_live[i].teamId), period, m_now);
        m_priced = wanted;
    }
    return m_live;
}

BudgetLedger::Settled BudgetLedger::settled(const cost::Budget &budget, const cost::Period &period)
{
    const auto found = std::ranges::find(m_budgets, budget.id, &cost::Budget::id);
    if (found == m_budgets.end())
        return {};
    const auto place = static_cast<std::size_t>(found - m_budgets.begin());
    return m_periods[place] == period ? m_sums[place] : Settled{};
}

} // namespace sandglass::models
