#pragma once

#include "services/http/exchange.h"
#include "services/http/tls.h"

#include <atomic>
#include <chrono>
#include <string>
#include <unordered_map>

namespace sandglass::http {

class Connection;

/// What the connections of one server share. Everything but the counters belongs to the server's thread.
struct Hub
{
    using Monotonic = std::chrono::steady_clock;

    Hub(boost::asio::io_context &context, std::shared_ptr<Handler> requestHandler, ServerOptions serverOptions)
        : io(context)
        , handler(std::move(requestHandler))
        , options(std::move(serverOptions))
        , gate(std::make_shared<Gate>(context))
    {}

    [[nodiscard]] std::string_view date(); ///< for the Date header, made once a second
    void remove(Connection *connection);

    boost::asio::io_context &io;
    const std::shared_ptr<Handler> handler;
    const ServerOptions options;
    const std::shared_ptr<Gate> gate;
    std::shared_ptr<TlsContext> tls; ///< null: plain text
    std::unordered_map<Connection *, std::shared_ptr<Connection>> connections;
    std::function<void()> onEmpty; ///< the last connection has gone (set while stopping)
    bool isStopping = false;

    struct
    {
        std::atomic<std::uint64_t> connections = 0, requests = 0, badRequests = 0, timeouts = 0, refused = 0;
    } counters;

private:
    std::int64_t m_dateSecond = -1;
    std::string m_date;
};

} // namespace sandglass::http
