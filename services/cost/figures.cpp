#include "services/cost/figures.h"

#include <algorithm>

namespace sandglass::cost {

namespace {

void add(std::optional<Money> &sum, Money price)
{
    sum = sum.value_or(Money{}) + price;
}

} // namespace

CostFigures figuresOf(const std::vector<Usage> &stretches, bool isOpen, std::optional<Timestamp> requestedEnd,
                      const RateCard &card, Timestamp now)
{
    CostFigures figures;
    for (const Usage &stretch : stretches) {
        const bool goesOn = isOpen && &stretch == &stretches.back();
        Usage byClock = stretch;
        byClock.confirmedMs.reset();
        if (goesOn)
            byClock.end = now;
        const auto estimated = priceOf(byClock, card);
        if (!estimated) {
            ++figures.unpriced;
            continue;
        }
        add(figures.estimated, *estimated);
        if (stretch.confirmedMs && !goesOn) {
            const Money confirmed = priceOf(stretch, card).value_or(Money{});
            add(figures.confirmed, confirmed);
            add(figures.reserved, confirmed);
            continue;
        }
        if (goesOn)
            byClock.end = std::max(now, requestedEnd.value_or(now));
        add(figures.reserved, priceOf(byClock, card).value_or(Money{}));
    }
    if (isOpen && !requestedEnd)
        figures.reserved.reset();
    return figures;
}

} // namespace sandglass::cost
