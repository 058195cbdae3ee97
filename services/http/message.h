#pragma once

#include "services/http/server.h"

#include <string>
#include <string_view>

// Pieces of HTTP text shared by the server's own files.

namespace sandglass::http {

[[nodiscard]] bool equalsIgnoringCase(std::string_view a, std::string_view b);

/// What the server knows and a Response does not.
struct HeadOptions
{
    std::string_view serverName;
    std::string_view date;
    bool keepAlive = true;
    bool isHttp10 = false;
    bool isChunked = false;   ///< a stream: no Content-Length
    std::size_t bodySize = 0; ///< for Content-Length
};

/// Status line and headers with the empty line. Content-Length, Transfer-Encoding, Connection and Date of `headers`
/// are the server's business and left out; CR, LF and NUL inside names and values become spaces.
void appendHead(std::string &out, int status, const Headers &headers, const HeadOptions &options);

/// "Sat, 21 Nov 2026 07:00:00 GMT"
[[nodiscard]] std::string httpDate(std::int64_t unixSeconds);

/// True for answers that never carry a body (1xx, 204, 304).
[[nodiscard]] constexpr bool isBodyless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

} // namespace sandglass::http
