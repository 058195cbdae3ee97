#pragma once

#include "services/telemetry/otlp/otlpoptions.h"
#include "services/telemetry/span.h"

#include <span>
#include <string>

namespace sandglass::telemetry {

/// An ExportTraceServiceRequest of OTLP 1.x in its JSON mapping: ids in hex, 64-bit numbers as text, enums as numbers.
/// Secrets are taken out of every text; values are cut to 2 KiB. No spans: a request that only knocks.
[[nodiscard]] std::string exportRequest(std::span<const SpanRecord> spans, const OtlpOptions &options);

/// What the receiver did not take although it answered 200 (partialSuccess).
struct Rejection
{
    std::uint64_t spans = 0;
    std::string message;
};
[[nodiscard]] Rejection rejectionOf(std::string_view answerBody);

} // namespace sandglass::telemetry
