#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sandglass::engine {

struct HostAndPort
{
    std::string host;
    std::uint16_t port = 0;
};

/// "host:port", "[::1]:443" or, with a `fallback` that is not 0, without a port. False for what is neither.
[[nodiscard]] bool splitAuthority(std::string_view text, std::uint16_t fallback, HostAndPort &into);

/// What a program in a sandbox asks its proxy for.
struct ProxyRequest : HostAndPort
{
    bool isTunnel = false;
    std::string head; ///< what goes on to the server; empty for a tunnel

    [[nodiscard]] std::string text() const { return host + ":" + std::to_string(port); }
};

/// Reads "CONNECT host:port" or "GET http://host/path" with its headers. A request for a server goes on in the form
/// servers expect, one to a connection. None for anything else.
[[nodiscard]] std::optional<ProxyRequest> readProxyRequest(std::string_view head);

} // namespace sandglass::engine
