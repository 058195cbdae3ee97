#pragma once

#include "services/core/json.h"
#include "services/http/server.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Connect RPC in its JSON form (e2b-protocol 4.3).

namespace sandglass::engine {

inline constexpr const char *kConnectStreamType = "application/connect+json";

/// One message of a stream: flags, length, payload.
[[nodiscard]] std::string connectEnvelope(std::string_view payload, unsigned char flags = 0);
/// The last one; with an error its code and text.
[[nodiscard]] std::string connectEnd(const std::optional<Error> &error = {});
/// The payload of a request body that holds exactly one envelope.
[[nodiscard]] Result<Json> openConnectEnvelope(std::string_view body);

/// What a caller of a stream wants: Keepalive-Ping-Interval and Connect-Timeout-Ms.
struct StreamTimes
{
    std::chrono::seconds keepalive{90};
    std::chrono::milliseconds limit{0}; ///< 0 = none
};
[[nodiscard]] StreamTimes streamTimes(const http::RequestHead &request);

/// HTTP status of a unary answer for a Connect code ("not_found" -> 404); unknown codes are 500.
[[nodiscard]] int connectStatus(std::string_view code);
/// Error::code names the Connect code; empty counts as "internal".
[[nodiscard]] http::Response connectError(const Error &error);

inline tl::unexpected<Error> rpcFailure(const char *code, std::string message)
{
    return failure(Error::Kind::Service, std::move(message), 0, code);
}

/// Member under its camelCase or its snake_case name.
[[nodiscard]] const Json &protoMember(const Json &object, const char *camel, const char *snake);

} // namespace sandglass::engine
