#pragma once

#include "services/cost/meter.h"

#include <vector>

namespace sandglass::cost {

/// What one sandbox costs, three ways that are never mixed. Empty is "unknown", which is not zero.
struct CostFigures
{
    std::optional<Money> estimated; ///< by the times of the events, until now
    std::optional<Money> confirmed; ///< of the stretches whose execution time the provider has told, by that time
    std::optional<Money> reserved;  ///< the most it can come to: open until the timeout in force; confirmed where told
    int unpriced = 0;               ///< stretches of unknown size, in none of the sums
};

/// `stretches` of running, oldest first, pauses left out. When `isOpen` the last one goes on and its end is taken as
/// `now`. Without `requestedEnd` an open sandbox has no reserved figure.
[[nodiscard]] CostFigures figuresOf(const std::vector<Usage> &stretches, bool isOpen,
                                    std::optional<Timestamp> requestedEnd, const RateCard &card, Timestamp now);

} // namespace sandglass::cost
