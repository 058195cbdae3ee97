#pragma once

#include "services/cost/whatif.h"

#include <chrono>
#include <optional>
#include <vector>

namespace sandglass::cost {

/// The published plans under which a start would be refused or cut short, cheapest first.
struct PlanLimits
{
    std::vector<Plan> full;    ///< as many as it allows run already
    std::vector<Plan> tooLong; ///< the timeout is longer than its longest run
};

/// One more sandbox with `timeout` while `running` of them run; empty: not known.
[[nodiscard]] PlanLimits limitsReached(std::optional<int> running, std::chrono::seconds timeout);

} // namespace sandglass::cost
