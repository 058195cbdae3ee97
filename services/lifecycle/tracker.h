#pragma once

#include "services/core/money.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/fold.h"
#include "services/lifecycle/journal.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// The live picture on the UI thread: journal events, replayed and new, go through one fold; changes come out in
/// batches of at most one per 50 ms.
class Tracker final : public QObject
{
    Q_OBJECT
public:
    Tracker(Journal &journal, cost::RateCard card, Clock clock = systemNow, QObject *parent = nullptr);
    ~Tracker() override;

    /// Starts the replay in a worker; live events that arrive meanwhile are kept and applied after it.
    void start();
    [[nodiscard]] bool isReplayed() const { return m_replayed; }

    [[nodiscard]] const Fold &fold() const { return m_fold; }
    [[nodiscard]] const cost::RateCard &rateCard() const { return m_card; }
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

    /// Price per bucket and template name over [from, to), `bucketCount` equal buckets. Oldest first.
    struct Series
    {
        std::string templateName;
        std::vector<Money> buckets;
    };
    [[nodiscard]] std::vector<Series> costSeries(Timestamp from, Timestamp to, int bucketCount) const;
    /// Highest number of sandboxes running at once in each bucket.
    [[nodiscard]] std::vector<int> activeSeries(Timestamp from, Timestamp to, int bucketCount) const;
    /// Events whose own time lies in the last `window`.
    [[nodiscard]] int eventsWithin(std::chrono::milliseconds window) const;

Q_SIGNALS:
    void replayed();
    void eventsRecorded(const std::vector<sandglass::lifecycle::StoredEvent> &events);
    void sandboxesChanged(const std::vector<std::string> &ids);
    void rateCardChanged();

private:
    void takeBatch();
    void applyAll(const std::vector<StoredEvent> &events);

    Journal &m_journal;
    cost::RateCard m_card;
    Clock m_clock;
    Fold m_fold;
    bool m_replayed = false;
    struct Inbox; ///< shared with the journal's writer thread
    std::shared_ptr<Inbox> m_inbox;
    QTimer m_batchTimer;
    std::vector<std::int64_t> m_recentTimesMs;
};

} // namespace sandglass::lifecycle

Q_DECLARE_METATYPE(std::vector<sandglass::lifecycle::StoredEvent>)
