#pragma once

#include "services/core/result.h"
#include "services/telemetry/otlp/otlpoptions.h"

#include <QFuture>
#include <QObject>

#include <cstdint>
#include <memory>
#include <optional>

namespace sandglass::net {
class HttpClient;
}

namespace sandglass::telemetry {

struct ExportStatistics
{
    std::uint64_t sent = 0;    ///< spans the receiver took
    std::uint64_t dropped = 0; ///< queue full, receiver unreachable, refused
    std::size_t waiting = 0;
    std::optional<Error> lastError; ///< of the last batch; empty when it arrived
};

/// Takes the program's spans (it is the span sink while it lives) and posts them in batches to an OTLP/HTTP receiver,
/// as JSON, on a thread of its own. 429, 502, 503, 504 and no answer are tried again, as is a wait the receiver asks
/// for; anything else, and a batch whose tries are used up, is dropped and counted. One at a time in a program.
class OtlpExporter final
{
public:
    explicit OtlpExporter(OtlpOptions options);
    ~OtlpExporter(); ///< sends what is left, for at most shutdownGrace, then drops it
    OtlpExporter(const OtlpExporter &) = delete;
    OtlpExporter &operator=(const OtlpExporter &) = delete;

    [[nodiscard]] const OtlpOptions &options() const;
    [[nodiscard]] ExportStatistics statistics() const; ///< thread-safe

private:
    class Private;
    std::unique_ptr<Private> d;
};

/// Knocks at the receiver with an empty request, once. The error says what is wrong in its code: "unauthorized" (401,
/// 403), "no_otlp" (404, 405, 415: something else answers there), else as net::HttpClient has it.
[[nodiscard]] QFuture<Result<>> testReceiver(net::HttpClient &http, const OtlpOptions &options, QObject *owner);

} // namespace sandglass::telemetry
