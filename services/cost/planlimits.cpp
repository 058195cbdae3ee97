#include "services/cost/planlimits.h"

namespace sandglass::cost {

PlanLimits limitsReached(std::optional<int> running, std::chrono::seconds timeout)
{
    PlanLimits limits;
    for (const Plan &plan : listPlans()) {
        if (running && *running >= plan.maxConcurrent)
            limits.full.push_back(plan);
        if (timeout > plan.longestRun)
            limits.tooLong.push_back(plan);
    }
    return limits;
}

} // namespace sandglass::cost
