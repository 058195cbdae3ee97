#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/backfillmark.h"
#include "services/lifecycle/event.h"
#include "services/lifecycle/historygaps.h"

#include <QFuture>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

class Journal;

struct BackfillProgress
{
    std::int64_t pages = 0;
    std::int64_t rows = 0;            ///< read from the API
    std::int64_t added = 0;           ///< new in the journal
    std::int64_t duplicates = 0;      ///< known already
    std::int64_t unreadable = 0;      ///< rows that are no events
    std::optional<Timestamp> reached; ///< oldest row so far
};

struct BackfillReport
{
    BackfillProgress total;
    std::optional<HistoryGap> gap;
};

struct BackfillOptions
{
    int pageSize = 100;                                      ///< the API's limit
    std::int64_t mostPages = 100'000;                        ///< a longer list is not believed
    std::chrono::milliseconds retention{7 * 24 * 3'600'000}; ///< how long the provider keeps events (features.md R18)
    std::chrono::milliseconds overlap{10 * 60'000};          ///< events are published late and out of order
    std::chrono::milliseconds interval{5 * 60'000};          ///< between runs: a webhook may have been lost
    std::chrono::milliseconds firstRetry{5'000};             ///< after a failure, then doubled
    std::chrono::milliseconds longestRetry{10 * 60'000};
    Clock clock = systemNow;
};

/// Fetches what webhooks missed: pages of the events API from the newest back to what a complete run has seen before,
/// into the journal. Events that are known already are duplicates by their id. Where the list ends before it meets
/// what is known, the stretch between is reported as a gap. A run that fails or is cut leaves the mark where it was,
/// so the next one closes the hole; it goes on at the page it had reached. Lives on one thread with an event loop.
class Backfill final : public QObject
{
    Q_OBJECT
public:
    struct Page
    {
        std::vector<Event> events; ///< newest first
        int unreadable = 0;        ///< rows that were no events
    };
    using Pager = std::function<QFuture<Result<Page>>(std::int64_t offset, int limit)>;
    enum class State { Stopped, Waiting, Running, Refused /**< no key, no right or no such API: start() again */ };

    /// `source` names the mark, such as "cloud". `marks` outlives it.
    Backfill(Journal &journal, BackfillMarks &marks, std::string source, Pager pager, BackfillOptions options = {},
             QObject *parent = nullptr);
    ~Backfill() override;

    void start(); ///< a run at once, then every interval
    void stop();  ///< an answer under way is dropped
    /// After a gap: resume from suspend, receiver was away. An answer under way is dropped. Nothing when stopped or
    /// refused.
    void runNow();
    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const BackfillProgress &progress() const { return m_progress; }

Q_SIGNALS:
    void progressed(const sandglass::lifecycle::BackfillProgress &progress);
    void finished(const sandglass::lifecycle::BackfillReport &report);
    /// The run goes on later by itself, unless state() is Refused.
    void failed(const sandglass::Error &error);

private:
    struct Tally; ///< outcomes of one page, counted on the journal's thread

    void begin();
    void requestPage();
    void takePage(const Result<Page> &page);
    void pageStored(const Tally &tally, bool isLast);
    [[nodiscard]] bool isEndless(const Page &page);
    [[nodiscard]] bool isOldEnough(Timestamp time) const;
    [[nodiscard]] std::optional<HistoryGap> findGap() const;
    void conclude();
    void fail(const Error &error);

    Journal &m_journal;
    BackfillMarks &m_marks;
    std::string m_source;
    Pager m_pager;
    BackfillOptions m_options;
    QTimer m_timer;
    State m_state = State::Stopped;
    QFuture<Result<Page>> m_asked;
    int m_generation = 0; ///< answers to an earlier run are ignored

    BackfillProgress m_progress;
    BackfillMark m_mark;               ///< where this run ends
    std::optional<Timestamp> m_newest; ///< of this run
    Timestamp m_startedAt{};
    std::int64_t m_offset = 0;
    std::string m_firstId; ///< of the page before
    int m_sameFirst = 0;
    bool m_hasMetKnown = false;
    bool m_isCut = false; ///< the run before failed at m_offset
    int m_failures = 0;
};

} // namespace sandglass::lifecycle
