#pragma once

#include "services/http/server.h"
#include "services/lifecycle/subscription.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The HTTP request before a WebSocket: judged here, before any WebSocket code sees it. Pure functions.

namespace sandglass::stream {

/// What a client wants of the stream.
struct StreamRequest
{
    enum class From {
        Now,     ///< no `after`: from the next event on
        Seq,     ///< after=NUMBER; 0 = all there is
        EventId, ///< after=ID, or after_id=ID for ids that look like numbers
    };

    From from = From::Now;
    std::int64_t afterSeq = 0;
    std::string afterId;
    bool isFull = false; ///< full=1: with the event's record
    /// types=sandbox.created,sandbox.code_executed and template=tta-ml-*; the rest is passed over.
    lifecycle::EventFilter filter;
};

struct Handshake
{
    StreamRequest request;
    std::optional<http::Response> refusal; ///< set: answer this and close
};

inline constexpr std::size_t handshakeLimit = 16U << 10; ///< bytes of a request with its headers

/// Where the empty line after the headers ends; empty while it has not come.
[[nodiscard]] std::optional<std::size_t> endOfHead(std::string_view bytes);

/// `head` up to and with the empty line. Admitted are GETs of /stream or /ws/sandbox-events with the token as
/// "Authorization: Bearer …". A page in a browser always names its Origin and cannot send that header: refused with
/// 403. Else 400, 401, 404, 405 or 426.
[[nodiscard]] Handshake judgeHandshake(std::string_view head, std::string_view token);

/// Status line, headers and body, with "Connection: close".
[[nodiscard]] std::string refusalText(const http::Response &response);

} // namespace sandglass::stream
