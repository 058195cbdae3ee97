#include "services/lifecycle/picture.h"

#include "services/cost/meter.h"

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
    for (const RunInterval &run : sandbox.runs) {
        cost.isConfirmed = cost.isConfirmed && run.confirmedMs.has_value();
        if (const auto price = cost::priceOf(usageOf(run, present), rateCard(), from, to)) {
            cost.amount += *price;
            isKnown = true;
        } else {
            cost.isPartial = true;
        }
    }
    return isKnown ? std::optional(cost) : std::nullopt;
}

} // namespace sandglass::lifecycle
