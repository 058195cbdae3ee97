#pragma once

#include "services/core/uniquefd.h"

namespace sandglass {

/// A pipe that programs started later do not inherit. False, and errno says why, when there is none to be had.
[[nodiscard]] bool makePipe(UniqueFd &readEnd, UniqueFd &writeEnd);

} // namespace sandglass
