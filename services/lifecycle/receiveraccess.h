#pragma once

#include <string_view>

namespace sandglass::http {
struct RequestHead;
}

namespace sandglass::lifecycle {

/// Whether a GET may be answered: with the token when there is one; else only for a client of this machine, which a
/// tunnel, a proxy or a page that rebinds its name to 127.0.0.1 is not.
[[nodiscard]] bool mayRead(const http::RequestHead &head, std::string_view bearerToken);

} // namespace sandglass::lifecycle
