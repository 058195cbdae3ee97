#pragma once

#include "services/cost/meter.h"

#include <chrono>
#include <string>
#include <vector>

namespace sandglass::cost {

/// What a provider's plan gives and asks, apart from the price of running.
struct Plan
{
    std::string name;
    Money feePerMonth;
    std::chrono::milliseconds longestRun{};
    int maxConcurrent = 0;
};

/// E2B's published plans, cheapest first: Hobby and Pro (https://e2b.dev/pricing).
[[nodiscard]] const std::vector<Plan> &listPlans();

/// A stretch of running that did happen.
struct PastRun
{
    Usage usage;
    bool endedByTimeout = false; ///< nobody ended it: the last `idleTimeout` of it was waiting
    std::string_view team = {};  ///< whose prices it has; empty: not known
};

/// What would have been different. Empty members stay as they were.
struct WhatIf
{
    std::optional<int> vcpuCount;
    std::optional<int> memoryMb;
    /// Timeout that was in force, and the one to try. Runs that ended by it end earlier, never before they began; a
    /// longer one makes them end later.
    std::optional<std::chrono::milliseconds> idleTimeoutWas;
    std::optional<std::chrono::milliseconds> idleTimeoutNow;
    std::optional<Plan> plan;         ///< ends runs at its longest, and queues those over its number
    std::optional<int> maxConcurrent; ///< in place of the plan's; from 1
};

struct WhatIfResult
{
    Money was;
    Money now;        ///< without the plan's fee
    int unpriced = 0; ///< runs of unknown size, in neither sum
    std::optional<Money> feePerMonth;
    int cutShort = 0;   ///< runs that the plan would have ended before their end
    int mostAtOnce = 0; ///< running together at the peak, as it was
    int delayed = 0;    ///< runs that would have waited for a free place, first come, first served
    std::chrono::milliseconds longestWait{};
};

/// Prices the same runs by the same card (each by its team's and at its own time) as they were and as they would have
/// been.
[[nodiscard]] WhatIfResult whatIf(const std::vector<PastRun> &runs, const WhatIf &change, const RateCard &card);

} // namespace sandglass::cost
