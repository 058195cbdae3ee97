#pragma once

#include "services/core/result.h"

#include <string>

namespace sandglass::engine {

inline constexpr const char *baseLayerName = "base";

/// Makes layers/base below `layersDirectory` when it is missing or the host's programs have changed since: the skeleton
/// of a root whose /usr is the host's. Owned by the calling account, which sandboxes map to "user".
[[nodiscard]] Result<> ensureBaseLayer(const std::string &layersDirectory);

inline constexpr const char *guestLayerName = "guest";

/// The same for layers/guest, which lies right above a whole system of its own: the kernels' scripts, and the folders
/// that the engine mounts on, so that they are folders whatever that system has in their place.
[[nodiscard]] Result<> ensureGuestLayer(const std::string &layersDirectory);

} // namespace sandglass::engine
