#pragma once

#include "services/core/money.h"
#include "services/core/result.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/rolluparchive.h"
#include "services/lifecycle/usageindex.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sandglass::lifecycle {

/// Answers what cold sandboxes have cost, from rollups and archive: for templates exact to the millisecond, whatever
/// the edges; for metadata edges are cut to the minute. In time that depends on the number of edges and names, not of
/// events. Loads a total per day when opened, the rest as it is asked for; bounded memory. Own connection; used by one
/// thread. The tables must not change meanwhile but for ones opened later.
class RollupReader final
{
public:
    [[nodiscard]] static Result<RollupReader> open(const std::filesystem::path &file,
                                                   RollupKind kind = RollupKind::Template);
    RollupReader(RollupReader &&) noexcept;
    RollupReader &operator=(RollupReader &&) noexcept;
    ~RollupReader();

    /// Sum over [from, to), for all names or by name.
    [[nodiscard]] Money costBetween(Timestamp from, Timestamp to, const cost::RateCard &card);
    [[nodiscard]] std::map<std::string, Money> costByName(Timestamp from, Timestamp to, const cost::RateCard &card);
    /// What lies at `until` or later is left out.
    [[nodiscard]] std::vector<UsageIndex::Series> costSeries(Timestamp from, Timestamp to, int bucketCount,
                                                             const cost::RateCard &card,
                                                             Timestamp until = Timestamp::max());
    /// False: there is nothing in [from, to), of which no other answer needs to be asked.
    [[nodiscard]] bool reaches(Timestamp from, Timestamp to) const;
    /// Sandboxes that ran at the time.
    [[nodiscard]] std::int64_t activeAt(Timestamp time);
    /// The same at the start of each minute, hour or day of [from, to), and at `from`.
    [[nodiscard]] std::vector<std::pair<Timestamp, std::int64_t>> activeSamples(Timestamp from, Timestamp to,
                                                                                RollupLevel level);
    /// Starts of a stretch in [from, to): created and resumed.
    [[nodiscard]] std::int64_t startsBetween(Timestamp from, Timestamp to);
    /// The stretches that lie in [from, to), wholly or in part; empty when there are more than `limit`.
    [[nodiscard]] std::optional<std::vector<UsedStretch>> stretchesBetween(Timestamp from, Timestamp to,
                                                                           std::size_t limit);
    /// The first failure to read; figures since then are too low.
    [[nodiscard]] const std::optional<Error> &failed() const;

private:
    struct Private;
    explicit RollupReader(std::unique_ptr<Private> p);
    std::unique_ptr<Private> d;
};

} // namespace sandglass::lifecycle
