#include "models/analytics/analyticsworker.h"

#include "services/core/qtstring.h"
#include "services/lifecycle/coldsandboxes.h"

#include <algorithm>

namespace sandglass::models {

AnalyticsWorker::AnalyticsWorker(std::filesystem::path journal) : m_journal(std::move(journal)) {}

void AnalyticsWorker::ask(quint64 number, const std::shared_ptr<const LifeBook> &present,
                          const AnalysisQuestion &question)
{
    if (number < m_latest || m_isStopped)
        return; // a newer one waits
    const Timestamp earliest = std::min({question.from, question.chartFrom, question.dayStart});
    if (!m_pastFrom || earliest < *m_pastFrom)
        readPast(earliest);
    const auto answer = analyse(*present, m_past, question, m_isStopped);
    if (!answer)
        return;
    answer->leftOut = m_leftOut;
    Q_EMIT answered(number, answer);
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
