#pragma once

#include "services/cost/meter.h"

#include <QString>

#include <vector>

namespace sandglass::ui {

/// "2 vCPU × 600 s × $0.000014 + 0.5 GiB × 600 s × $0.0000045", one such pair for each part; every digit, in US
/// dollars.
[[nodiscard]] QString costFormula(const std::vector<cost::CostPart> &parts);
/// The same with what it comes to: "… = $0.01815", or "≈" where that has more than twelve decimals.
[[nodiscard]] QString costEquation(const std::vector<cost::CostPart> &parts);

} // namespace sandglass::ui
