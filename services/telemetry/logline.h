#pragma once

#include "services/core/json.h"
#include "services/core/time.h"
#include "services/telemetry/span.h"

#include <string>
#include <string_view>

namespace sandglass::telemetry {

/// One line of the log before it is one.
struct LogRecord
{
    Timestamp time{};
    std::string_view level; ///< "debug", "info", "warning", "error", "fatal"
    std::string_view category;
    std::string_view message;
    SpanContext span;           ///< not valid: the line belongs to none
    Json fields;                ///< an object, or null
    std::string_view file = {}; ///< of the source; empty in release builds
    int line = 0;
};

/// {"time": RFC 3339 in UTC with ms, "level", "category", "message", "trace_id", "span_id", "fields", "source"} on one
/// line, absent members left out, secrets taken out of message and fields. Messages longer than 8 KiB are cut.
[[nodiscard]] std::string logLine(const LogRecord &record);

} // namespace sandglass::telemetry
