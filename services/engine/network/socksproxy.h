#pragma once

#include "services/core/json.h"
#include "services/core/result.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace sandglass::engine {

/// A SOCKS5 proxy (RFC 1928, 1929) that the connections of a sandbox go through (network.egressProxy of the API).
struct SocksProxy
{
    std::string host;
    std::uint16_t port = 0;
    std::string username, password; ///< both empty: none are asked for

    /// The API's object; null gives none. Error 400 where it is not usable; no error tells the password.
    [[nodiscard]] static Result<std::optional<SocksProxy>> parse(const Json &config);
    [[nodiscard]] std::string address() const;
};

/// Opens `socket` to `host`:`port` through the proxy: a name is looked up there. Gives what went wrong, empty when
/// nothing did. The caller bounds the time by closing the socket.
[[nodiscard]] boost::asio::awaitable<std::string>
connectThrough(boost::asio::ip::tcp::socket &socket, const SocksProxy &proxy, std::string host, std::uint16_t port);

} // namespace sandglass::engine
