#pragma once

#include "services/core/result.h"

#include <string>

namespace sandglass::engine {

/// For the broker of an engine that root started: makes the state directory's parts belong to an unprivileged account
/// and becomes that account for good. Does nothing for ordinary users. The working directory must be the state
/// directory.
[[nodiscard]] Result<> leaveRoot();

} // namespace sandglass::engine
