#include "services/engine/api/connect.h"

#include <array>
#include <charconv>
#include <utility>

namespace sandglass::engine {

namespace {

constexpr std::array<std::pair<std::string_view, int>, 16> kStatus{{
    {"canceled", 499},
    {"unknown", 500},
    {"invalid_argument", 400},
    {"deadline_exceeded", 504},
    {"not_found", 404},
    {"already_exists", 409},
    {"permission_denied", 403},
    {"resource_exhausted", 429},
    {"failed_precondition", 400},
    {"aborted", 409},
    {"out_of_range", 400},
    {"unimplemented", 501},
    {"internal", 500},
    {"unavailable", 503},
    {"data_loss", 500},
    {"unauthenticated", 401},
}};

Json errorJson(const Error &error)
{
    return {{"code", error.code.empty() ? "internal" : error.code}, {"message", error.message}};
}

std::int64_t headerNumber(const http::RequestHead &request, std::string_view name)
{
    const std::string_view text = request.header(name);
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

constexpr std::size_t kPrefix = 5;
constexpr unsigned char kEndFlag = 0x02;

} // namespace

std::string connectEnvelope(std::string_view payload, unsigned char flags)
{
    std::string out;
    out.reserve(payload.size() + kPrefix);
    out.push_back(static_cast<char>(flags));
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>((payload.size() >> shift) & 0xff));
    return out.append(payload);
}

std::string connectEnd(const std::optional<Error> &error)
{
    return connectEnvelope(error ? dumpJson({{"error", errorJson(*error)}}) : "{}", kEndFlag);
}

Result<Json> openConnectEnvelope(std::string_view body)
{
    if (body.size() < kPrefix)
        return rpcFailure("invalid_argument", "the request holds no complete envelope");
    if (body[0] != 0)
        return rpcFailure("unimplemented", "compressed messages are not supported");
    std::size_t length = 0;
    for (std::size_t i = 1; i < kPrefix; ++i)
        length = length << 8 | static_cast<unsigned char>(body[i]);
    if (length != body.size() - kPrefix)
        return rpcFailure("invalid_argument", "the request has to hold exactly one envelope");
    auto json = parseJson(body.substr(kPrefix));
    if (!json || !json->is_object())
        return rpcFailure("invalid_argument", "the message is not a JSON object");
    return json;
}

StreamTimes streamTimes(const http::RequestHead &request)
{
    StreamTimes times;
    if (const auto seconds = headerNumber(request, "keepalive-ping-interval"); seconds > 0 && seconds < 3600)
        times.keepalive = std::chrono::seconds(seconds);
    if (const auto ms = headerNumber(request, "connect-timeout-ms"); ms > 0 && ms < 86'400'000)
        times.limit = std::chrono::milliseconds(ms);
    return times;
}

int connectStatus(std::string_view code)
{
    for (const auto &[name, status] : kStatus) {
        if (name == code)
            return status;
    }
    return 500;
}

http::Response connectError(const Error &error)
{
    return http::Response::json(connectStatus(error.code.empty() ? "internal" : error.code),
                                dumpJson(errorJson(error)));
}

const Json &protoMember(const Json &object, const char *camel, const char *snake)
{
    const Json &value = memberOr(object, camel);
    return value.is_null() ? memberOr(object, snake) : value;
}

} // namespace sandglass::engine
