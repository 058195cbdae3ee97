#pragma once

#include "services/telemetry/figures.h"
#include "services/telemetry/span.h"

#include <string_view>

namespace sandglass::http {
struct RequestHead;
}

namespace sandglass::lifecycle {

struct Event;

/// One delivery for those who watch the program: how long it took by outcome, and, while tracing is on, a span under
/// that of the sender. Bodies and signatures stay out of it.
class DeliveryTrace final
{
public:
    explicit DeliveryTrace(const http::RequestHead &head); ///< its body has been read

    void describe(const Event &event);
    void end(std::string_view outcome, int status); ///< "accepted", "duplicate", "refused", "unavailable"

private:
    telemetry::Stopwatch m_watch;
    telemetry::Span m_span;
};

} // namespace sandglass::lifecycle
