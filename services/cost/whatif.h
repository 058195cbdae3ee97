#pragma once

#include "services/cost/meter.h"

#include <chrono>
#include <vector>

namespace sandglass::cost {

/// A stretch of running that did happen.
struct PastRun
{
    Usage usage;
    bool endedByTimeout = false; ///< nobody ended it: the last `idleTimeout` of it was waiting
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
};

struct WhatIfResult
{
    Money was;
    Money now;
    int unpriced = 0; ///< runs of unknown size, in neither sum
};

/// Prices the same runs by the same card (each at its own time) as they were and as they would have been.
[[nodiscard]] WhatIfResult whatIf(const std::vector<PastRun> &runs, const WhatIf &change, const RateCard &card);

} // namespace sandglass::cost
