#include "services/cost/whatif.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

using std::chrono::milliseconds;

namespace sandglass::cost {

namespace {

using Ends = std::priority_queue<Timestamp, std::vector<Timestamp>, std::greater<>>;

void removeEnded(Ends &ends, Timestamp now)
{
    while (!ends.empty() && ends.top() <= now)
        ends.pop();
}

Usage changed(const PastRun &run, const WhatIf &change, WhatIfResult &result)
{
    Usage usage = run.usage;
    usage.vcpuCount = change.vcpuCount.value_or(usage.vcpuCount);
    usage.memoryMb = change.memoryMb.value_or(usage.memoryMb);
    const auto was = std::chrono::floor<milliseconds>(usage.effectiveEnd() - usage.start);
    milliseconds now = was;
    if (run.endedByTimeout && change.idleTimeoutWas && change.idleTimeoutNow)
        now = std::max(milliseconds::zero(), was - *change.idleTimeoutWas + *change.idleTimeoutNow);
    if (change.plan && now > change.plan->longestRun) {
        now = change.plan->longestRun;
        ++result.cutShort;
    }
    if (now != was)
        usage.confirmedMs = now.count();
    return usage;
}

/// Moves a run to the first moment at which a place is free.
void queueUp(Usage &usage, Ends &ends, int places, WhatIfResult &result)
{
    removeEnded(ends, usage.start);
    if (std::cmp_greater_equal(ends.size(), places)) {
        const auto wait = ends.top() - usage.start;
        ends.pop();
        usage.end += wait;
        usage.start += wait;
        ++result.delayed;
        result.longestWait = std::max(result.longestWait, std::chrono::ceil<milliseconds>(wait));
    }
    ends.push(usage.effectiveEnd());
}

} // namespace

const std::vector<Plan> &listPlans()
{
    static const std::vector<Plan> plans = {
        {"Hobby", Money{}, std::chrono::hours(1), 20},
        {"Pro", Money::fromPicoDollars(150'000'000'000'000), std::chrono::hours(24), 100}};
    return plans;
}

WhatIfResult whatIf(const std::vector<PastRun> &runs, const WhatIf &change, const RateCard &card)
{
    std::vector<const PastRun *> inOrder;
    for (const PastRun &run : runs) {
        if (run.usage.effectiveEnd() > run.usage.start)
            inOrder.push_back(&run);
    }
    std::ranges::stable_sort(inOrder, {}, [](const PastRun *run) { return run->usage.start; });
    const int places = change.maxConcurrent.value_or(change.plan ? change.plan->maxConcurrent : 0);

    WhatIfResult result;
    if (change.plan)
        result.feePerMonth = change.plan->feePerMonth;
    Ends endsWere;
    Ends ends;
    for (const PastRun *run : inOrder) {
        removeEnded(endsWere, run->usage.start);
        endsWere.push(run->usage.effectiveEnd());
        result.mostAtOnce = std::max(result.mostAtOnce, static_cast<int>(endsWere.size()));
        Usage usage = changed(*run, change, result);
        if (places > 0)
            queueUp(usage, ends, places, result);
        const auto was = priceOf(run->usage, card.of(run->team));
        const auto now = priceOf(usage, card.of(run->team));
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
