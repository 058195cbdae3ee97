#pragma once

#include "services/engine/broker/sandbox.h"
#include "services/http/server.h"

#include <memory>

namespace sandglass::engine {

/// Passes one HTTP request to a server that listens on `port` inside the sandbox, and its answer back. One connection
/// per request; upgrades (WebSocket) are refused.
void proxyToPort(boost::asio::io_context &io, const std::shared_ptr<Sandbox> &sandbox, std::uint16_t port,
                 const http::Request &request, const std::shared_ptr<http::Exchange> &exchange);

} // namespace sandglass::engine
