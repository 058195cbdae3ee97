#pragma once

#include "services/core/result.h"
#include "services/net/httpclient.h"
#include "services/telemetry/histogram.h"
#include "services/telemetry/span.h"

#include <string>
#include <string_view>

namespace sandglass::e2b {

/// One call to an API for those who watch the program: its time in the histogram of calls, and, while tracing is on, a
/// span of kind client under the active one, whose traceparent the request carries. Private to the room.
class CallTrace final
{
public:
    CallTrace(std::string_view method, std::string_view path);

    /// Gives the request this call's traceparent in place of the active span's.
    void mark(net::HttpRequest &request) const;
    void end(const Result<net::HttpResponse> &outcome);
    void end(int status, std::string_view result); ///< of a stream; "" = as it should be
    void fail(const Error &error);                 ///< of a stream
    void cancel();

private:
    void observe(std::string_view status);

    telemetry::Stopwatch m_watch;
    telemetry::Span m_span;
    std::string m_endpoint;
    bool m_isEnded = false;
};

/// "GET /sandboxes/{id}/cost?x=1" → "GET /sandboxes/{id}/cost": parts of a path that are no words of the API count as
/// "{id}", so that there are few endpoints, whatever is called.
[[nodiscard]] std::string endpointOf(std::string_view method, std::string_view path);

} // namespace sandglass::e2b
