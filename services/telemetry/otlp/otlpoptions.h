#pragma once

#include "services/core/result.h"
#include "services/net/httpclient.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandglass::telemetry {

/// Where spans go and how.
struct OtlpOptions
{
    std::string tracesUrl;   ///< whole: http://127.0.0.1:4318/v1/traces
    net::HeaderList headers; ///< secrets as a rule
    std::string serviceName = "sandglass";
    std::vector<std::pair<std::string, std::string>> resource; ///< further attributes of the resource
    std::chrono::milliseconds timeout{10'000};                 ///< of one try
    std::chrono::milliseconds delay{2'000};                    ///< at most so long a span waits for company
    std::size_t queueLimit = 2'048;                            ///< spans; what comes beyond is dropped and counted
    std::size_t batchLimit = 512;
    int tries = 5;                                  ///< of one batch; waits 0.2 s, 0.8 s, … or Retry-After
    std::chrono::milliseconds shutdownGrace{2'000}; ///< for what is left when the exporter ends
    friend bool operator==(const OtlpOptions &, const OtlpOptions &) = default;
};

/// What the standard variables say (OpenTelemetry: SDK environment variables, OTLP exporter).
struct OtlpEnvironment
{
    /// OTEL_TRACES_EXPORTER with "otlp" is an opt-in; "none", or OTEL_SDK_DISABLED=true, is a no. An endpoint alone
    /// decides nothing: it may have been set for other programs.
    std::optional<bool> isWanted;
    std::optional<std::string> tracesUrl;   ///< …_TRACES_ENDPOINT, else …_ENDPOINT with /v1/traces
    std::optional<net::HeaderList> headers; ///< …_TRACES_HEADERS, else …_HEADERS
    std::string traceparent, tracestate;    ///< TRACEPARENT, TRACESTATE
    std::vector<std::string> complaints;    ///< variables that were left aside, and why
    OtlpOptions others;                     ///< service name, resource, timeout, queue: with their defaults

    using Lookup = std::function<std::optional<std::string>(const char *name)>;
    [[nodiscard]] static OtlpEnvironment from(const Lookup &lookup);
    [[nodiscard]] static OtlpEnvironment fromProcess();
};

/// "http://host:4318" and "http://host:4318/" → "…/v1/traces"; an address that ends so already stays.
[[nodiscard]] std::string tracesUrlOf(std::string_view endpoint);

/// "name=value,other=value%20" or one "Name: value" a line. Error: a part without '=' or ':', or a name that is none.
[[nodiscard]] Result<net::HeaderList> parseHeaders(std::string_view text);

} // namespace sandglass::telemetry
