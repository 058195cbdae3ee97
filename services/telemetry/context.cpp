#include "services/telemetry/context.h"

#include "services/core/ids.h"

#include <algorithm>

namespace sandglass::telemetry {

namespace {

constexpr std::size_t versionDigits = 2;
constexpr std::size_t traceDigits = 32;
constexpr std::size_t spanDigits = 16;
constexpr std::size_t wholeLength = versionDigits + 1 + traceDigits + 1 + spanDigits + 1 + 2;
constexpr std::size_t stateLimit = 512;

bool isHex(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool isZero(std::string_view text)
{
    return text.find_first_not_of('0') == text.npos;
}

int digitOf(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

} // namespace

std::optional<SpanContext> parseTraceparent(std::string_view text, std::string_view traceState)
{
    if (text.size() < wholeLength || text[2] != '-' || text[35] != '-' || text[52] != '-')
        return std::nullopt;
    const std::string_view version = text.substr(0, versionDigits);
    const std::string_view trace = text.substr(3, traceDigits);
    const std::string_view span = text.substr(36, spanDigits);
    const std::string_view flags = text.substr(53, 2);
    if (!isHex(version) || !isHex(trace) || !isHex(span) || !isHex(flags) || version == "ff" || isZero(trace)
        || isZero(span))
        return std::nullopt;
    if (text.size() > wholeLength && (version == "00" || text[wholeLength] != '-'))
        return std::nullopt;
    SpanContext context{std::string(trace), std::string(span), (digitOf(flags[1]) & 1) != 0, {}};
    const bool isPrintable = std::ranges::all_of(traceState, [](char c) { return c >= 0x20 && c < 0x7f; });
    if (traceState.size() <= stateLimit && isPrintable)
        context.traceState = traceState;
    return context;
}

std::string traceparentOf(const SpanContext &context)
{
    return "00-" + context.traceId + "-" + context.spanId + (context.isSampled ? "-01" : "-00");
}

std::string newTraceId()
{
    return newHexToken(traceDigits / 2);
}

std::string newSpanId()
{
    return newHexToken(spanDigits / 2);
}

} // namespace sandglass::telemetry
