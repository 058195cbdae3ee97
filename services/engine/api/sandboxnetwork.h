#pragma once

#include "services/engine/api/livesandbox.h"
#include "services/http/server.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// What `live` tells programs about the way out.
[[nodiscard]] Environment proxyEnvironment();

/// Takes the egress proxy's password out of the API's network object: it is told to nobody.
void hidePassword(Json &network);

/// The API's maskRequestHost or null. Error 400, in E2B's words.
[[nodiscard]] Result<std::string> parseHostMask(const Json &mask);
/// The Host that the server on `port` is to see: `mask` with the port in place of "${PORT}".
[[nodiscard]] std::string maskedHost(std::string_view mask, std::uint16_t port);

/// Opens the sandbox's way out, soon; what it refuses stands in the sandbox's log.
void openEgress(boost::asio::io_context &io, const std::shared_ptr<LiveSandbox> &live, SecretLookup secret);

/// Puts rules in place of those so far; `network`, the body of the change, is told again by GET. Connections that stand
/// go on.
void replaceEgress(LiveSandbox &live, EgressRules rules, const Json &network);

} // namespace sandglass::engine
