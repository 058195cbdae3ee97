#include "services/lifecycle/picture.h"

#include "services/cost/meter.h"
#include "services/lifecycle/trackerhistory.h"

#include <algorithm>

namespace sandglass::lifecycle {

std::optional<Picture::Cost> Picture::costOf(const Sandbox &sandbox) const
{
    return costOf(sandbox, Timestamp::min(), Timestamp::max());
}

std::optional<Picture::Cost> Picture::costOf(const Sandbox &sandbox, Timestamp from, Timestamp to) const
{
    Cost cost;
    bool isKnown = false;
    cost.isConfirmed = !sandbox.runs.empty();
    const Timestamp present = now();
    const cost::RateCard &card = rateCard().of(sandbox.teamId);
    for (const RunInterval &run : sandbox.runs) {
        cost.isConfirmed = cost.isConfirmed && run.confirmedMs.has_value();
        if (const auto price = cost::priceOf(usageOf(run, present), card, from, to)) {
            cost.amount += *price;
            isKnown = true;
        } else {
            cost.isPartial = true;
        }
    }
    return isKnown ? std::optional(cost) : std::nullopt;
}

std::optional<Picture::Cold> Picture::coldBetween(Timestamp from, Timestamp to) const
{
    const History *history = ledger().history.get();
    if (!history || !history->reaches(from, to))
        return {};
    return Cold{std::min(to, history->until()), history->shown()};
}

std::size_t Picture::leftOutCount() const
{
    return ledger().history ? ledger().history->shown().size() : 0;
}

} // namespace sandglass::lifecycle
