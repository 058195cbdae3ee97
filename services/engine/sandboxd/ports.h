#pragma once

#include "services/core/result.h"
#include "services/core/uniquefd.h"

#include <cstdint>

namespace sandglass::engine::ports {

/// A TCP socket that is connecting to, or listens on, the loopback of this network namespace; non-blocking.
/// A connection is complete when the socket becomes writable and SO_ERROR is 0.
[[nodiscard]] Result<UniqueFd> beginConnect(std::uint16_t port, bool version6);
[[nodiscard]] Result<UniqueFd> listenOn(std::uint16_t port);
[[nodiscard]] Error connectError(int error, std::uint16_t port);

} // namespace sandglass::engine::ports
