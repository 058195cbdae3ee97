#pragma once

#include "services/core/result.h"
#include "services/cost/ratecard.h"

namespace sandglass::app {

/// The built-in rate card: E2B's list prices (resources/ratecard.json).
[[nodiscard]] Result<cost::RateCard> loadListPrices();

} // namespace sandglass::app
