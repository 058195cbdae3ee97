#include "services/cost/whatif.h"

#include <algorithm>

using std::chrono::milliseconds;

namespace sandglass::cost {

namespace {

Usage changed(const PastRun &run, const WhatIf &change)
{
    Usage usage = run.usage;
    usage.vcpuCount = change.vcpuCount.value_or(usage.vcpuCount);
    usage.memoryMb = change.memoryMb.value_or(usage.memoryMb);
    if (!run.endedByTimeout || !change.idleTimeoutWas || !change.idleTimeoutNow)
        return usage;
    const auto was = std::chrono::floor<milliseconds>(usage.effectiveEnd() - usage.start);
    const milliseconds now = std::max(milliseconds::zero(), was - *change.idleTimeoutWas + *change.idleTimeoutNow);
    usage.confirmedMs = now.count();
    return usage;
}

} // namespace

WhatIfResult whatIf(const std::vector<PastRun> &runs, const WhatIf &change, const RateCard &card)
{
    WhatIfResult result;
    for (const PastRun &run : runs) {
        const auto was = priceOf(run.usage, card);
        const auto now = priceOf(changed(run, change), card);
        if (!was || !now) {
            ++result.unpriced;
            continue;
        }
        result.was += *was;
        result.now += *now;
    }
    return result;
}

} // namespace sandglass::cost
