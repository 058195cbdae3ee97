#pragma once

#include "services/engine/broker/sandbox.h"
#include "services/http/server.h"

#include <memory>

namespace sandglass::engine {

/// Passes a request to a server that listens on `port` inside the sandbox, and everything after it both ways as it
/// comes: bodies of any length, streams, and what follows an upgrade (WebSocket). One connection per request, admitted
/// as a tunnel. `host` stands in place of the Host header unless it is empty.
void proxyToPort(boost::asio::io_context &io, const std::shared_ptr<Sandbox> &sandbox, std::uint16_t port,
                 const http::Request &request, const std::string &host,
                 const std::shared_ptr<http::Exchange> &exchange);

} // namespace sandglass::engine
