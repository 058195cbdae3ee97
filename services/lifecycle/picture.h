#pragma once

#include "services/core/error.h"
#include "services/core/money.h"
#include "services/core/result.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/ledger.h"

#include <QObject>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// Sandboxes, events and money as they stand at now(): for tables and charts, which need not know whether that is the
/// present (Tracker) or a moment of the past (models::Viewpoint). Lives on the UI thread.
class Picture : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    [[nodiscard]] virtual bool isReplayed() const = 0; ///< there is something to see
    [[nodiscard]] virtual Timestamp now() const = 0;
    [[nodiscard]] virtual bool isPast() const { return false; } ///< now() is a moment of the past and stands still
    [[nodiscard]] const Fold &fold() const { return ledger().fold; }
    [[nodiscard]] const cost::RateCard &rateCard() const { return ledger().usage.rateCard(); }

    /// What one sandbox has cost until now(); empty when its size is not known for any stretch.
    struct Cost
    {
        Money amount;
        bool isConfirmed = false; ///< every stretch carries the provider's own execution time
        bool isPartial = false;   ///< some stretch of unknown size is left out
    };
    [[nodiscard]] std::optional<Cost> costOf(const Sandbox &sandbox) const;
    [[nodiscard]] std::optional<Cost> costOf(const Sandbox &sandbox, Timestamp from, Timestamp to) const;
    /// Dollars per hour of all that runs.
    [[nodiscard]] Money burnRate() const { return ledger().burnRate(now()); }
    /// Sum over all sandboxes of what falls into [from, to).
    [[nodiscard]] Money costBetween(Timestamp from, Timestamp to) const
    {
        return ledger().costBetween(from, to, now());
    }

    /// Sandboxes of long ago, of which there are sums above, but which are not in fold(): how to read them (ColdUsage).
    struct Cold
    {
        Timestamp to{};                   ///< what they used from then on is not part of the picture
        std::vector<std::string> leftOut; ///< ids that are in fold()
    };
    /// Empty when there are none within [from, to).
    [[nodiscard]] std::optional<Cold> coldBetween(Timestamp from, Timestamp to) const;
    [[nodiscard]] std::size_t leftOutCount() const; ///< changes whenever the leftOut of Cold does

    /// Price per bucket and template name over [from, to), `bucketCount` equal buckets (whole milliseconds).
    /// Buckets oldest first, templates by name; those without cost in the range are left out.
    using Series = UsageIndex::Series;
    [[nodiscard]] std::vector<Series> costSeries(Timestamp from, Timestamp to, int bucketCount) const
    {
        return ledger().costSeries(from, to, bucketCount, now());
    }
    /// Highest number of sandboxes running at once in each bucket. Of more than some ten thousand that ended long ago
    /// the number is taken at the start of each minute (hour, day) of the range instead.
    [[nodiscard]] std::vector<int> activeSeries(Timestamp from, Timestamp to, int bucketCount) const
    {
        return ledger().activeSeries(from, to, bucketCount, now());
    }

    /// Events whose own time lies in the last `window` (to a tenth of a second, at most one hour).
    [[nodiscard]] virtual int eventsWithin(std::chrono::milliseconds window) const = 0;
    [[nodiscard]] virtual std::int64_t eventCount() const = 0; ///< known by now()
    /// Newest first, at most `limit`. Error: the journal cannot be read.
    [[nodiscard]] virtual Result<std::vector<StoredEvent>> newestEvents(std::size_t limit) const = 0;

Q_SIGNALS:
    /// There is another picture, or the first one: fill yourself from fold() and newestEvents(). An event that comes
    /// afterwards by eventsRecorded may be among what newestEvents() has given already: compare `seq`.
    void replayed();
    /// Only what is new after `replayed`, in order of seq.
    void eventsRecorded(const std::vector<sandglass::lifecycle::StoredEvent> &events);
    void sandboxesChanged(const std::vector<std::string> &ids);
    void rateCardChanged();

protected:
    [[nodiscard]] virtual const Ledger &ledger() const = 0;
};

} // namespace sandglass::lifecycle

Q_DECLARE_METATYPE(std::vector<sandglass::lifecycle::StoredEvent>)
