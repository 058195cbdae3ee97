#include "models/analytics/analysis.h"

#include "models/analytics/runtemplates.h"
#include "services/lifecycle/subscription.h"
#include "services/lifecycle/usagebuckets.h"
#include "services/lifecycle/usageindex.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <unordered_set>

using std::chrono::floor;
using std::chrono::milliseconds;

namespace sandglass::models {

namespace {

using Steps = lifecycle::UsageIndex::Steps;
constexpr std::size_t livesPerLook = 1'024; ///< at whether to stop

std::size_t stepOf(milliseconds lifetime)
{
    const auto above = std::ranges::upper_bound(lifetimeSteps, lifetime);
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, above - lifetimeSteps.begin()) - 1);
}

/// Goes through lives and adds them up.
class Reckoning
{
public:
    explicit Reckoning(const AnalysisQuestion &question)
        : m_question(question), m_startBuckets(question.chartFrom, question.chartTo, question.startBuckets)
    {
        const auto count = static_cast<std::size_t>(std::max(0, question.startBuckets));
        m_starts.assign(count, 0);
        for (std::vector<double> *values : runSeries())
            values->assign(count, 0);
    }

    void add(const LifeBook &book, const Life &life);
    void add(const CodeRun &run, const std::string &templateName);
    void setRunsKnownFrom(Timestamp time); ///< after the last of them
    [[nodiscard]] std::shared_ptr<Analysis> finish();

private:
    struct Group
    {
        TemplateUsage usage;
        std::vector<milliseconds> lifetimes;
        RunSums runs;
    };

    [[nodiscard]] bool isInSpan(Timestamp time) const { return time >= m_question.from && time < m_question.to; }
    void addEnd(const Life &life, Group &group);
    void addRun(const LifeRun &run, const Life &life, const std::string &team, bool isLast, Group &group);
    void addPauses(const Life &life, std::span<const LifeRun> runs);
    [[nodiscard]] std::array<std::vector<double> *, 4> runSeries();
    [[nodiscard]] std::vector<double> &runSeriesOf(lifecycle::RunOutcome outcome);
    void finishSeries();
    void finishTemplates();
    void blankGaps(std::vector<double> &values) const;

    const AnalysisQuestion &m_question;
    Analysis m_result;
    std::map<std::string, Group> m_groups;
    lifecycle::Buckets m_startBuckets;
    std::vector<std::int64_t> m_starts;
    RunSums m_allRuns;
    Steps m_running, m_paused, m_inSpan;
    std::vector<cost::PastRun> m_runs;
};

void Reckoning::add(const LifeBook &book, const Life &life)
{
    Group &group = m_groups[book.templates()[life.templateIndex].name];
    const auto runs = book.runsOf(life);
    if (life.createdAt && *life.createdAt <= m_question.now) {
        m_result.createdToday += *life.createdAt >= m_question.dayStart ? 1 : 0;
        m_result.created += isInSpan(*life.createdAt) ? 1 : 0;
    }
    m_result.runningNow += life.isRunning ? 1 : 0;
    m_result.pausedNow += life.isPaused ? 1 : 0;
    if (life.endedAt)
        addEnd(life, group);
    for (const LifeRun &run : runs)
        addRun(run, life, book.teams()[life.teamIndex], &run == &runs.back(), group);
    addPauses(life, runs);
}

void Reckoning::addEnd(const Life &life, Group &group)
{
    m_result.killedToday += life.isKilled && *life.endedAt >= m_question.dayStart ? 1 : 0;
    if (!isInSpan(*life.endedAt))
        return;
    ++group.usage.ended;
    group.usage.failures += life.end == Life::End::Failure ? 1 : 0;
    group.usage.timeouts += life.end == Life::End::Timeout ? 1 : 0;
    group.usage.early += life.isEarly ? 1 : 0;
    if (!life.createdAt || *life.endedAt < *life.createdAt)
        return;
    const auto lifetime = floor<milliseconds>(*life.endedAt - *life.createdAt);
    group.lifetimes.push_back(lifetime);
    ++m_result.lifetimes[stepOf(lifetime)];
}

void Reckoning::addRun(const LifeRun &run, const Life &life, const std::string &team, bool isLast, Group &group)
{
    const cost::Usage usage = run.usageAt(m_question.now);
    const Timestamp end = usage.effectiveEnd();
    m_running.add(usage.start, end, m_question.chartFrom, m_question.chartTo);
    if (usage.start >= m_question.chartFrom && !m_startBuckets.isEmpty() && usage.start < m_startBuckets.end())
        ++m_starts[static_cast<std::size_t>(m_startBuckets.indexOf(usage.start))];
    group.usage.starts += isInSpan(usage.start) ? 1 : 0;
    if (usage.start >= m_question.to || end <= m_question.from || end <= usage.start)
        return;
    m_inSpan.add(usage.start, end, m_question.from, m_question.to);
    group.usage.running += floor<milliseconds>(std::min(end, m_question.to) - std::max(usage.start, m_question.from));
    if (const auto price = cost::priceOf(usage, m_question.card.of(team), m_question.from, m_question.to))
        group.usage.cost = group.usage.cost.value_or(Money{}) + *price;
    else
        group.usage.isPartial = true;
    m_runs.push_back({usage, isLast && life.end == Life::End::Timeout, team});
}

/// Between two stretches, and after the last one until the end.
void Reckoning::addPauses(const Life &life, std::span<const LifeRun> runs)
{
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const Timestamp until = i + 1 < runs.size() ? runs[i + 1].usage.start
            : life.endedAt                          ? *life.endedAt
            : life.isPaused                         ? m_question.now
                                                    : Timestamp::min();
        const Timestamp from = std::max(runs[i].usage.end, runs[i].usage.effectiveEnd());
        if (!runs[i].isOpen)
            m_paused.add(from, until, m_question.chartFrom, m_question.chartTo);
    }
}

std::array<std::vector<double> *, 4> Reckoning::runSeries()
{
    RunAnalysis &runs = m_result.runs;
    return {&runs.passed, &runs.failed, &runs.timedOut, &runs.others};
}

std::vector<double> &Reckoning::runSeriesOf(lifecycle::RunOutcome outcome)
{
    switch (outcome) {
    case lifecycle::RunOutcome::Passed:
        return m_result.runs.passed;
    case lifecycle::RunOutcome::CheckFailed:
    case lifecycle::RunOutcome::Raised:
    case lifecycle::RunOutcome::Broken:
        return m_result.runs.failed;
    case lifecycle::RunOutcome::TimedOut:
        return m_result.runs.timedOut;
    case lifecycle::RunOutcome::Stopped:
    case lifecycle::RunOutcome::Unknown:
        break;
    }
    return m_result.runs.others;
}

void Reckoning::add(const CodeRun &run, const std::string &templateName)
{
    if (run.at >= m_question.chartFrom && !m_startBuckets.isEmpty() && run.at < m_startBuckets.end())
        ++runSeriesOf(run.outcome)[static_cast<std::size_t>(m_startBuckets.indexOf(run.at))];
    if (!isInSpan(run.at))
        return;
    m_allRuns.add(run);
    m_groups[templateName].runs.add(run);
}

void Reckoning::setRunsKnownFrom(Timestamp time)
{
    if (time <= std::min(m_question.from, m_question.chartFrom))
        return;
    m_result.runs.knownFrom = time;
    for (int i = 0; !m_startBuckets.isEmpty() && i < m_startBuckets.count() && m_startBuckets.edge(i + 1) <= time;
         ++i) {
        for (std::vector<double> *values : runSeries())
            (*values)[static_cast<std::size_t>(i)] = std::numeric_limits<double>::quiet_NaN();
    }
}

/// What nothing is known of is not zero.
void Reckoning::blankGaps(std::vector<double> &values) const
{
    const lifecycle::Buckets buckets(m_question.chartFrom, m_question.chartTo, static_cast<int>(values.size()));
    for (int i = 0; i < buckets.count() && !buckets.isEmpty(); ++i) {
        double &value = values[static_cast<std::size_t>(i)];
        if (value == 0 && lifecycle::isCovered(m_question.gaps, buckets.edge(i), buckets.edge(i + 1)))
            value = std::numeric_limits<double>::quiet_NaN();
    }
}

void Reckoning::finishSeries()
{
    const auto most = [this](Steps &steps) {
        const auto counts = lifecycle::UsageIndex::highest(std::move(steps), m_question.chartFrom, m_question.chartTo,
                                                           m_question.buckets);
        return std::vector<double>(counts.begin(), counts.end());
    };
    m_result.running = most(m_running);
    m_result.paused = most(m_paused);
    for (int i = 0; i < m_startBuckets.count() && !m_startBuckets.isEmpty(); ++i)
        m_result.startsPerMinute.push_back(static_cast<double>(m_starts[static_cast<std::size_t>(i)]) * 60'000
                                           / static_cast<double>(m_startBuckets.widthMs(i)));
    for (std::vector<double> *values : {&m_result.running, &m_result.paused, &m_result.startsPerMinute}) {
        if (!m_question.gaps.empty())
            blankGaps(*values);
    }
    const auto inSpan = lifecycle::UsageIndex::highest(std::move(m_inSpan), m_question.from, m_question.to, 1);
    m_result.mostRunning = inSpan.empty() ? 0 : inSpan.front();
}

void Reckoning::finishTemplates()
{
    std::vector<milliseconds> all;
    for (auto &[name, group] : m_groups) {
        TemplateUsage &usage = group.usage;
        m_result.ended += usage.ended;
        m_result.failures += usage.failures;
        m_result.timeouts += usage.timeouts;
        m_result.early += usage.early;
        m_result.total += usage.cost.value_or(Money{});
        all.insert(all.end(), group.lifetimes.begin(), group.lifetimes.end());
        if (!group.lifetimes.empty())
            usage.medianLifetime = medianOf(group.lifetimes);
        usage.runs = group.runs.figures();
        if (usage.starts == 0 && usage.ended == 0 && usage.running == milliseconds::zero() && usage.runs.count == 0)
            continue;
        usage.name = name;
        m_result.templates.push_back(std::move(usage));
    }
    std::ranges::stable_sort(m_result.templates, [](const TemplateUsage &a, const TemplateUsage &b) {
        return a.cost.value_or(Money{}) > b.cost.value_or(Money{});
    });
    if (all.empty())
        return;
    m_result.averageLifetime =
        std::accumulate(all.begin(), all.end(), milliseconds::zero()) / static_cast<std::int64_t>(all.size());
    m_result.medianLifetime = medianOf(all);
}

std::shared_ptr<Analysis> Reckoning::finish()
{
    m_result.from = m_question.from;
    m_result.to = m_question.to;
    m_result.chartFrom = m_question.chartFrom;
    m_result.chartTo = m_question.chartTo;
    m_result.templateFilter = m_question.templateFilter;
    finishSeries();
    finishTemplates();
    m_result.runs.all = m_allRuns.figures();
    m_result.whatIf = cost::whatIf(m_runs, m_question.whatIf, m_question.card);
    m_result.whatIfRuns = static_cast<std::int64_t>(m_runs.size());
    m_result.whatIfTimeouts = std::ranges::count_if(m_runs, &cost::PastRun::endedByTimeout);
    return std::make_shared<Analysis>(std::move(m_result));
}

bool isWanted(const LifeBook::Template &entry, const std::string &filter)
{
    return filter.empty() || lifecycle::matchesPattern(filter, entry.name)
        || lifecycle::matchesPattern(filter, entry.id);
}

/// By template of the book: is it asked for?
std::vector<bool> wanted(const LifeBook &book, const std::string &filter)
{
    std::vector<bool> are;
    for (const LifeBook::Template &entry : book.templates())
        are.push_back(isWanted(entry, filter));
    return are;
}

/// All that are asked for, but for the template. They may end at `now` itself.
std::span<const CodeRun> runsWithin(const RunBook &book, const AnalysisQuestion &question)
{
    const Timestamp to = std::max(question.to, question.chartTo);
    return book.between(std::min(question.from, question.chartFrom),
                        std::min(to, question.now + std::chrono::nanoseconds(1)));
}

} // namespace

std::shared_ptr<Analysis> analyse(const LifeBook &present, const LifeBook &past, const RunBook &runs,
                                  const AnalysisQuestion &question, const std::atomic<bool> &isStopped)
{
    Reckoning reckoning(question);
    const std::span<const CodeRun> asked = runsWithin(runs, question);
    RunTemplates runTemplates(runs, asked);
    std::unordered_set<std::uint64_t> known;
    if (!past.lives().empty()) {
        known.reserve(present.lives().size());
        for (const Life &life : present.lives())
            known.insert(life.idHash);
    }
    for (const LifeBook *book : {&present, &past}) {
        const std::vector<bool> isWanted = wanted(*book, question.templateFilter);
        runTemplates.learn(book->templates());
        std::size_t seen = 0;
        for (const Life &life : book->lives()) {
            if (++seen % livesPerLook == 0 && isStopped)
                return {};
            runTemplates.learn(life, book->templates()[life.templateIndex]);
            // At a moment of the past the tables know of later ends: who lived then is in the present one of that time.
            const bool isPast = life.endedAt && *life.endedAt <= question.now;
            if (isWanted[life.templateIndex] && (book == &present || (isPast && !known.contains(life.idHash))))
                reckoning.add(*book, life);
        }
    }
    for (const CodeRun &run : asked) {
        const LifeBook::Template kind = runTemplates.of(run);
        if (isWanted(kind, question.templateFilter))
            reckoning.add(run, kind.name);
    }
    if (runs.knownFrom())
        reckoning.setRunsKnownFrom(*runs.knownFrom());
    return reckoning.finish();
}

} // namespace sandglass::models
