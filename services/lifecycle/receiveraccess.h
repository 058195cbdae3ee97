#pragma once

#include "services/core/result.h"

#include <string>
#include <string_view>

namespace sandglass::http {
struct RequestHead;
}

namespace sandglass::lifecycle {

/// Whether a GET may be answered: with the token when there is one; else only for a client of this machine, which a
/// tunnel, a proxy or a page that rebinds its name to 127.0.0.1 is not.
[[nodiscard]] bool mayRead(const http::RequestHead &head, std::string_view bearerToken);

inline constexpr std::size_t shortestToken = 16;

/// What listens beyond this machine is readable by whoever finds it: any address but a loopback one needs TLS (or the
/// leave to go without) and a token. Error codes: "needs_tls", "needs_token".
[[nodiscard]] Result<> mayListen(const std::string &address, bool isTlsOrAllowed, std::string_view token);

} // namespace sandglass::lifecycle
