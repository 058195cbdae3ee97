#pragma once

#include "services/lifecycle/subscriptioncallback.h"

namespace sandglass::e2b {

/// Posts over a client of its own. For use on one thread with an event loop.
[[nodiscard]] lifecycle::CallbackPoster callbackPoster();

} // namespace sandglass::e2b
