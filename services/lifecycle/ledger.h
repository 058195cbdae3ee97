#pragma once

#include "services/core/money.h"
#include "services/core/time.h"
#include "services/lifecycle/fold.h"
#include "services/lifecycle/usageindex.h"

#include <memory>
#include <vector>

namespace sandglass::lifecycle {

class History;

/// Sandboxes and what they used: those in memory, and behind them the cold ones, of which the journal's rollups tell.
/// `now` ends what still runs. Used by one thread.
struct Ledger
{
    explicit Ledger(cost::RateCard card);
    ~Ledger();
    Ledger(Ledger &&) noexcept;
    Ledger &operator=(Ledger &&) noexcept;

    void setRateCard(cost::RateCard card);
    [[nodiscard]] Money burnRate(Timestamp now) const { return usage.burnRate(now); }
    [[nodiscard]] Money costBetween(Timestamp from, Timestamp to, Timestamp now) const;
    [[nodiscard]] std::vector<UsageIndex::Series> costSeries(Timestamp from, Timestamp to, int bucketCount,
                                                             Timestamp now) const;
    [[nodiscard]] std::vector<int> activeSeries(Timestamp from, Timestamp to, int bucketCount, Timestamp now) const;

    Fold fold;
    UsageIndex usage;                 ///< of those of the fold that `history` does not count
    std::unique_ptr<History> history; ///< null when there are no tables to read
};

} // namespace sandglass::lifecycle
