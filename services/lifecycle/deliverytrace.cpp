#include "services/lifecycle/deliverytrace.h"

#include "services/http/server.h"
#include "services/lifecycle/event.h"

#include <algorithm>

namespace sandglass::lifecycle {

namespace {

telemetry::Span spanOf(const http::RequestHead &head)
{
    if (!telemetry::isTracing())
        return {};
    const auto sender = telemetry::parseTraceparent(head.header("traceparent"), head.header("tracestate"));
    telemetry::Span span = sender ? startSpan("POST /webhooks/e2b", telemetry::SpanKind::Server, *sender)
                                  : telemetry::startSpan("POST /webhooks/e2b", telemetry::SpanKind::Server);
    span.set("http.request.method", head.method);
    span.set("url.path", head.path);
    span.set("client.address", head.remoteAddress);
    return span;
}

telemetry::Histogram &timesOf(std::string_view outcome)
{
    // Looked up once: this is called for every delivery.
    static auto &family = telemetry::figures().delivery;
    static auto &accepted = family.with({"accepted"});
    static auto &duplicate = family.with({"duplicate"});
    static auto &refused = family.with({"refused"});
    static auto &unavailable = family.with({"unavailable"});
    return outcome == "accepted" ? accepted
        : outcome == "duplicate" ? duplicate
        : outcome == "refused"   ? refused
                                 : unavailable;
}

} // namespace

DeliveryTrace::DeliveryTrace(const http::RequestHead &head) : m_span(spanOf(head)) {}

void DeliveryTrace::describe(const Event &event)
{
    if (!m_span.isRecording())
        return;
    m_span.set("sandglass.event.id", event.id);
    m_span.set("sandglass.event.type", event.typeName);
    m_span.set("sandglass.sandbox.id", event.sandboxId);
}

void DeliveryTrace::end(std::string_view outcome, int status)
{
    timesOf(outcome).observe(m_watch.elapsed());
    if (!m_span.isRecording())
        return;
    m_span.set("sandglass.delivery.outcome", outcome);
    m_span.set("http.response.status_code", status);
    if (status >= 500)
        m_span.setStatus(telemetry::SpanStatus::Error, outcome);
    m_span.end();
}

} // namespace sandglass::lifecycle
