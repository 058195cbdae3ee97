#pragma once

#include "services/http/server.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace sandglass::engine {

/// http://host[:port]/target, taken apart.
struct HttpUrl
{
    bool secure = false;
    std::string host; ///< without the brackets of an IPv6 address
    std::string port;
    std::string target;    ///< "/path?query"
    std::string authority; ///< for the Host header
};
/// Empty for everything that is not an absolute http or https URL with a host.
[[nodiscard]] std::optional<HttpUrl> parseHttpUrl(std::string_view text);

struct PostOutcome
{
    int status = 0;         ///< 0 = no answer
    std::string head;       ///< status line and headers of the answer
    std::string body;       ///< its first 16 KiB
    std::string errorClass; ///< dns_error, timeout, transport_error, request_error; empty with an answer
    std::string errorMessage;
    std::chrono::milliseconds duration{0};
};

/// One POST over a connection of its own. `done` comes once, on io's thread. https verifies the peer's certificate.
void postOnce(boost::asio::io_context &io, HttpUrl url, http::Headers headers, std::string body,
              std::chrono::milliseconds timeout, std::function<void(PostOutcome)> done);

} // namespace sandglass::engine
