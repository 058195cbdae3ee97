#pragma once

#include "services/core/money.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace sandglass::cost {

/// A stretch of holding resources. Independent of how it became known.
struct Usage
{
    Timestamp start{};
    Timestamp end{};
    std::optional<std::int64_t> confirmedMs; ///< overrides end - start
    int vcpuCount = 0;
    int memoryMb = 0;

    /// end, or start + confirmedMs.
    [[nodiscard]] Timestamp effectiveEnd() const;
};

/// Exact price of the part of `usage` that lies in [from, to). Empty when the size is not known or the card
/// is empty. A stretch that crosses a price change is split there. Milliseconds are cut, never rounded up.
/// With confirmedMs the stretch is taken as [start, start + confirmedMs).
[[nodiscard]] std::optional<Money> priceOf(const Usage &usage, const RateCard &card, Timestamp from, Timestamp to);
[[nodiscard]] std::optional<Money> priceOf(const Usage &usage, const RateCard &card);

/// What stretches of one size cost at one price: vCPU x seconds x its price + GiB x seconds x its price.
struct CostPart
{
    int vcpuCount = 0;
    int memoryMb = 0;
    std::int64_t ms = 0;
    std::int64_t picoPerVcpuSecond = 0;
    std::int64_t picoPerGibSecond = 0;

    [[nodiscard]] Money amount() const
    {
        return Money::ofUsage(ms, vcpuCount, memoryMb, picoPerVcpuSecond, picoPerGibSecond);
    }
};

/// How the price of all these stretches comes about, the earliest first. Those of unknown size are left out; the
/// amounts add up to the prices of the others exactly.
[[nodiscard]] std::vector<CostPart> partsOf(const std::vector<Usage> &usages, const RateCard &card);

/// Dollars per hour of holding this size at `time`.
[[nodiscard]] std::optional<Money> hourlyRate(int vcpuCount, int memoryMb, const RateCard &card, Timestamp time);

} // namespace sandglass::cost
