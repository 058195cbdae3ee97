#pragma once

#include "services/http/server.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace sandglass::engine {

inline constexpr std::uint16_t kEnvdPort = 49983;
inline constexpr std::uint16_t kInterpreterPort = 49999;

struct SandboxRoute
{
    std::string sandboxId;
    std::uint16_t port = 0;
};

/// Which sandbox and port a request on the sandbox listener is for, by headers or by host name, as E2B's proxy decides
/// it (e2b-protocol 1.1); its answer when that cannot be told. `isBare`: neither was there, as in signed file URLs.
struct RouteFailure
{
    http::Response response;
    bool isBare = false;
};
[[nodiscard]] std::variant<SandboxRoute, RouteFailure> routeRequest(const http::RequestHead &head);

/// {"sandboxId", "message", "code"} and, when given, "port".
[[nodiscard]] http::Response proxyError(int status, const std::string &sandboxId, const std::string &message,
                                        std::optional<std::uint16_t> port = {});

} // namespace sandglass::engine
