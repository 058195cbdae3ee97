#pragma once

#include "services/engine/api/livesandbox.h"

#include <memory>

namespace sandglass::engine {

/// What `live` tells programs about the way out.
[[nodiscard]] Environment proxyEnvironment();

/// Opens the sandbox's way out, soon; what it refuses stands in the sandbox's log.
void openEgress(boost::asio::io_context &io, const std::shared_ptr<LiveSandbox> &live);

/// Puts rules in place of those so far; `network` is told again by GET. Connections that stand go on.
void replaceEgress(LiveSandbox &live, EgressRules rules, const Json &network);

} // namespace sandglass::engine
