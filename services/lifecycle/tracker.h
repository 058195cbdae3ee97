#pragma once

#include "services/core/error.h"
#include "services/core/money.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/fold.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/usageindex.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace sandglass::lifecycle {

class History;

/// The live picture on the UI thread: live sandboxes and those that ended last from the journal's tables (older ones
/// stay there, and cost what their rollups say), then the journal's events, replayed and new, go through one fold;
/// changes come out in batches of at most one per 50 ms, and no piece of work holds the thread for much more than 4 ms.
/// It takes the journal's listener. What it keeps waiting is bounded: what does not fit is read from the journal again.
class Tracker final : public QObject
{
    Q_OBJECT
public:
    Tracker(Journal &journal, cost::RateCard card, Clock clock = systemNow, QObject *parent = nullptr);
    ~Tracker() override;

    /// Starts the replay in a worker; live events that arrive meanwhile are kept and applied after it. Once.
    void start();
    [[nodiscard]] bool isReplayed() const { return m_replayed; }

    [[nodiscard]] const Fold &fold() const { return m_fold; }
    [[nodiscard]] const cost::RateCard &rateCard() const { return m_usage.rateCard(); }
    void setRateCard(cost::RateCard card);
    [[nodiscard]] Timestamp now() const { return m_clock(); }

    /// What one sandbox has cost until `now`; empty when its size is not known for any stretch.
    struct Cost
    {
        Money amount;
        bool isConfirmed = false; ///< every stretch carries the provider's own execution time
        bool isPartial = false;   ///< some stretch of unknown size is left out
    };
    [[nodiscard]] std::optional<Cost> costOf(const Sandbox &sandbox) const;
    [[nodiscard]] std::optional<Cost> costOf(const Sandbox &sandbox, Timestamp from, Timestamp to) const;
    /// Dollars per hour of all that runs now.
    [[nodiscard]] Money burnRate() const;
    /// Sum over all sandboxes of what falls into [from, to).
    [[nodiscard]] Money costBetween(Timestamp from, Timestamp to) const;

    /// Price per bucket and template name over [from, to), `bucketCount` equal buckets (whole milliseconds).
    /// Buckets oldest first, templates by name; those without cost in the range are left out.
    using Series = UsageIndex::Series;
    [[nodiscard]] std::vector<Series> costSeries(Timestamp from, Timestamp to, int bucketCount) const;
    /// Highest number of sandboxes running at once in each bucket. Of more than some ten thousand that ended long ago
    /// the number is taken at the start of each minute (hour, day) of the range instead.
    [[nodiscard]] std::vector<int> activeSeries(Timestamp from, Timestamp to, int bucketCount) const;
    /// Events whose own time lies in the last `window` (to a tenth of a second, at most one hour).
    [[nodiscard]] int eventsWithin(std::chrono::milliseconds window) const;

Q_SIGNALS:
    /// The past is in the fold: fill yourself from fold() and the journal. An event that comes afterwards by
    /// eventsRecorded may be among what the journal has given already: compare `seq`.
    void replayed();
    /// The journal could not be read; `replayed` follows with what there is.
    void replayFailed(const sandglass::Error &error);
    /// Only what is new after `replayed`, in order of seq.
    void eventsRecorded(const std::vector<sandglass::lifecycle::StoredEvent> &events);
    void sandboxesChanged(const std::vector<std::string> &ids);
    void rateCardChanged();

private:
    struct Start; ///< what the worker has loaded
    struct Inbox; ///< shared with the journal's writer thread and the replay worker

    Q_INVOKABLE void look(); ///< something is in the inbox

    void startWorker();
    void takeSlice();
    void adopt(Start start);
    void apply(StoredEvent &&stored);
    void settle();
    [[nodiscard]] bool takeFromHistory(const std::string &sandboxId);
    void countEvent(Timestamp time);
    void finishReplay(const std::optional<Error> &error);
    void publish();
    void schedule(int delayMs);

    Journal &m_journal;
    Clock m_clock;
    Fold m_fold;
    UsageIndex m_usage;
    std::unique_ptr<History> m_history; ///< null until the tables are loaded, or when they cannot be read
    bool m_replayed = false;
    std::int64_t m_appliedSeq = 0;

    std::shared_ptr<Inbox> m_inbox;
    std::thread m_worker;
    std::deque<StoredEvent> m_taken;             ///< out of the inbox, not yet applied
    std::vector<StoredEvent> m_recorded;         ///< applied, not yet told
    std::unordered_set<std::string> m_unsettled; ///< of the present slice: in the fold, not yet in state and cost
    std::unordered_set<std::string> m_changed;   ///< not yet told
    QTimer m_timer;
    QElapsedTimer m_sincePublished;

    struct Tenth
    {
        std::int64_t number = -1; ///< tenths of a second since the epoch
        int count = 0;
    };
    std::vector<Tenth> m_tenths; ///< ring of one hour
};

} // namespace sandglass::lifecycle

Q_DECLARE_METATYPE(std::vector<sandglass::lifecycle::StoredEvent>)
