#pragma once

#include "services/lifecycle/doctor.h"

#include <functional>
#include <string_view>

namespace sandglass::lifecycle {

/// Calls `tryOne(mistake, detail, variant)` with bodies that may have been signed in place of `body`, until it answers
/// false. `detail` names the variant.
void forEachBodyVariant(std::string_view body,
                        const std::function<bool(Mistake, std::string_view, std::string_view)> &tryOne);

} // namespace sandglass::lifecycle
