#pragma once

#include "models/analytics/analysis.h"
#include "services/core/mailbox.h"

#include <QObject>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace sandglass::models {

/// Adds up lives and runs of code in a thread of its own; Analytics is its other half. Sandboxes that ended long ago
/// are read from the journal's tables when a question reaches back to them, and kept until forget(). Runs of code are
/// read from its events: the first time from all of them, half a second for a million and some 10 us for each run, then
/// what is new. Until they have been read, a question is answered twice, first without (all of) them.
class AnalyticsWorker final : public QObject
{
    Q_OBJECT
public:
    static constexpr std::size_t mostPast = 300'000; ///< lives of the journal's tables; the rest is counted as left out

    /// `journal`: the file, read only; empty: there is nothing but what is given.
    explicit AnalyticsWorker(std::filesystem::path journal);

    // In the worker's thread:
    void ask(quint64 number, const std::shared_ptr<const LifeBook> &present, const AnalysisQuestion &question);
    void forget(); ///< the lives

    // Any thread:
    void expect(quint64 number) { m_latest = number; } ///< questions before it are not answered
    void stop() { m_isStopped = true; }
    [[nodiscard]] Mailbox &inbox() { return m_inbox; } ///< runs calls in the worker's thread, in their order

Q_SIGNALS:
    void answered(quint64 number, const sandglass::models::AnalysisPtr &answer);
    void failed(const QString &reason); ///< empty: no more

private:
    void readPast(Timestamp from);
    [[nodiscard]] bool readRuns(); ///< the next ones; whether there are more
    [[nodiscard]] bool isDone(quint64 number) const { return number < m_latest || m_isStopped; }
    [[nodiscard]] bool answer(quint64 number, const LifeBook &present, const AnalysisQuestion &question,
                              bool areRunsRead);

    Mailbox m_inbox{this};
    std::filesystem::path m_journal;
    LifeBook m_past;
    std::int64_t m_leftOut = 0;
    std::optional<Timestamp> m_pastFrom; ///< how far back m_past reaches
    RunBook m_runs;                      ///< stays: to read it again is dear
    std::int64_t m_runsReached = 0;      ///< number of the last event that was looked at for it
    std::string m_runsFailure;
    std::atomic<quint64> m_latest = 0;
    std::atomic<bool> m_isStopped = false;
};

} // namespace sandglass::models

Q_DECLARE_METATYPE(sandglass::models::AnalysisPtr)
