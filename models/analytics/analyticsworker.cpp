#include "models/analytics/analyticsworker.h"

#include "services/core/qtstring.h"
#include "services/lifecycle/coderuns.h"
#include "services/lifecycle/coldsandboxes.h"

#include <algorithm>

namespace sandglass::models {

namespace {

constexpr std::int64_t eventsPerStep = 16'384; // some 10 ms, and as long a read transaction

} // namespace

AnalyticsWorker::AnalyticsWorker(std::filesystem::path journal) : m_journal(std::move(journal)) {}

void AnalyticsWorker::ask(quint64 number, const std::shared_ptr<const LifeBook> &present,
                          const AnalysisQuestion &question)
{
    if (isDone(number))
        return; // a newer one waits
    const Timestamp earliest = std::min({question.from, question.chartFrom, question.dayStart});
    if (!m_pastFrom || earliest < *m_pastFrom)
        readPast(earliest);
    bool isMore = readRuns();
    if (!answer(number, *present, question, !isMore) || !isMore)
        return;
    while (isMore && !isDone(number))
        isMore = readRuns();
    if (!isDone(number))
        (void)answer(number, *present, question, true);
}

bool AnalyticsWorker::answer(quint64 number, const LifeBook &present, const AnalysisQuestion &question,
                             bool areRunsRead)
{
    const auto answer = analyse(present, m_past, m_runs, question, m_isStopped);
    if (!answer)
        return false;
    answer->leftOut = m_leftOut;
    answer->runs.isRead = areRunsRead;
    answer->runs.failure = m_runsFailure;
    Q_EMIT answered(number, answer);
    return true;
}

bool AnalyticsWorker::readRuns()
{
    m_runsFailure.clear();
    if (m_journal.empty())
        return false;
    auto database = lifecycle::Database::open(m_journal, lifecycle::Database::Mode::ReadOnly);
    const auto extent =
        database ? lifecycle::journalExtent(*database) : Result<lifecycle::JournalExtent>(failure(database.error()));
    if (!extent) {
        m_runsFailure = extent.error().message;
        return false;
    }
    if (extent->knownFrom)
        m_runs.dropBefore(*extent->knownFrom);
    const std::int64_t after = std::max(m_runsReached, extent->firstSeq - 1);
    const std::int64_t until = std::min(extent->lastSeq, after + eventsPerStep);
    const auto read = lifecycle::forEachCodeRun(
        *database, after, until, [this](const lifecycle::CodeExecution &execution, const lifecycle::Event &event) {
            m_runs.add(execution, event);
        });
    m_runs.settle();
    if (!read) {
        m_runsFailure = read.error().message;
        return false;
    }
    m_runsReached = until;
    return until < extent->lastSeq;
}

void AnalyticsWorker::forget()
{
    m_past = {};
    m_pastFrom.reset();
    m_leftOut = 0;
}

/// What ends later than this session began is in memory, so that the tables are read once.
void AnalyticsWorker::readPast(Timestamp from)
{
    forget();
    m_pastFrom = from;
    if (m_journal.empty())
        return;
    auto database = lifecycle::Database::open(m_journal, lifecycle::Database::Mode::ReadOnly);
    const auto read = !database
        ? Result<>(failure(database.error()))
        : lifecycle::forEachCold(*database, from, [this, from](const lifecycle::Sandbox &sandbox) {
              if (sandbox.endedAt && *sandbox.endedAt < from)
                  return !m_isStopped; // only put away together with a later one
              if (m_past.lives().size() < mostPast)
                  m_past.add(sandbox);
              else
                  ++m_leftOut;
              return !m_isStopped;
          });
    Q_EMIT failed(read ? QString() : toQString(read.error().message));
}

} // namespace sandglass::models
