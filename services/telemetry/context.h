#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sandglass::telemetry {

/// Names a span across programs (W3C Trace Context). Ids are lower-case hex digits.
struct SpanContext
{
    std::string traceId; ///< 32 digits; empty = there is no span
    std::string spanId;  ///< 16 digits
    bool isSampled = true;
    std::string traceState; ///< the caller's, handed on as it came

    [[nodiscard]] bool isValid() const { return !traceId.empty(); }
    friend bool operator==(const SpanContext &, const SpanContext &) = default;
};

/// The value of a traceparent header (any version but ff; what newer versions append is ignored). Empty when it is
/// malformed or an id is all zeros. `traceState` over 512 characters, or with control characters, is dropped.
[[nodiscard]] std::optional<SpanContext> parseTraceparent(std::string_view text, std::string_view traceState = {});
[[nodiscard]] std::string traceparentOf(const SpanContext &context); ///< "00-…-…-01"

[[nodiscard]] std::string newTraceId();
[[nodiscard]] std::string newSpanId();

} // namespace sandglass::telemetry
