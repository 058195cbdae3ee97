#pragma once

#include "services/e2b/types.h"
#include "services/net/httpclient.h"

#include <string>
#include <string_view>

namespace sandglass::e2b {

/// Addresses as the official SDKs compute them (e2b-protocol.md 1.4). Trailing slashes of configured URLs are dropped.

inline constexpr int envdPort = 49983;
inline constexpr int interpreterPort = 49999;

/// Where a request goes and the headers that say which sandbox is meant.
struct Endpoint
{
    std::string baseUrl; ///< without a trailing slash
    net::HeaderList headers;
    friend bool operator==(const Endpoint &, const Endpoint &) = default;
};

[[nodiscard]] std::string apiBase(const Connection &connection);

/// envd of a sandbox: the shared host for E2B's own domains, its own host name elsewhere, or the configured URL.
/// Routing headers are always there: a shared host and a loopback engine need them, others ignore them.
[[nodiscard]] Endpoint envdEndpoint(const Connection &connection, const SandboxInfo &sandbox);
/// Any other port of a sandbox; the interpreter's is interpreterPort. Carries the traffic token where there is one.
[[nodiscard]] Endpoint portEndpoint(const Connection &connection, const SandboxInfo &sandbox, int port);

/// RFC 3986 unreserved characters stay, everything else becomes %XX.
[[nodiscard]] std::string percentEncoded(std::string_view text);

} // namespace sandglass::e2b
