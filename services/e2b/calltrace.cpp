#include "services/e2b/calltrace.h"

#include "services/telemetry/figures.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sandglass::e2b {

namespace {

constexpr std::array<std::string_view, 32> words{
    "v2",        "v3",      "sandboxes", "templates",      "builds",  "events",  "webhooks",
    "health",    "execute", "contexts",  "files",          "metrics", "logs",    "pause",
    "resume",    "connect", "timeout",   "refreshes",      "status",  "aliases", "deliveries",
    "lifecycle", "stats",   "teams",     "snapshots",      "nodes",   "tags",    "filesystem.Filesystem",
    "init",      "exec",    "volumes",   "process.Process"};
constexpr std::size_t mostParts = 8;

std::string statusClass(int status)
{
    return status >= 100 && status < 600 ? std::to_string(status / 100) + "xx" : std::string("error");
}

} // namespace

std::string endpointOf(std::string_view method, std::string_view path)
{
    path = path.substr(0, path.find('?'));
    std::string out = std::string(method) + " ";
    std::size_t parts = 0;
    std::string_view before;
    while (!path.empty() && parts++ < mostParts) {
        path.remove_prefix(path.front() == '/' ? 1 : 0);
        const std::string_view part = path.substr(0, path.find('/'));
        path.remove_prefix(part.size());
        // The methods of envd's services follow their service; everything else is a word or a name of something.
        const bool isWord = std::ranges::find(words, part) != words.end() || before.find('.') != before.npos;
        out.append("/").append(isWord ? part : std::string_view(part.empty() ? "" : "{id}"));
        before = part;
    }
    return out;
}

CallTrace::CallTrace(std::string_view method, std::string_view path) : m_endpoint(endpointOf(method, path))
{
    m_span = telemetry::startSpan(m_endpoint, telemetry::SpanKind::Client);
    m_span.set("http.request.method", method);
    m_span.set("url.path", path.substr(0, path.find('?')));
}

void CallTrace::mark(net::HttpRequest &request) const
{
    if (!m_span.context().isValid())
        return;
    std::erase_if(request.headers,
                  [](const auto &header) { return header.first == "traceparent" || header.first == "tracestate"; });
    const telemetry::Scope scope(m_span);
    telemetry::inject(request.headers);
}

void CallTrace::end(const Result<net::HttpResponse> &outcome)
{
    if (!outcome)
        return fail(outcome.error());
    end(outcome->status, {});
}

void CallTrace::end(int status, std::string_view result)
{
    if (std::exchange(m_isEnded, true))
        return;
    observe(statusClass(status));
    m_span.set("http.response.status_code", status);
    if (!result.empty())
        m_span.set("sandglass.result", result);
    if (status >= 400) {
        m_span.set("error.type", std::to_string(status));
        m_span.setStatus(telemetry::SpanStatus::Error);
    }
    m_span.end();
}

void CallTrace::fail(const Error &error)
{
    if (std::exchange(m_isEnded, true))
        return;
    observe(error.status >= 400 ? statusClass(error.status) : "error");
    if (error.status > 0)
        m_span.set("http.response.status_code", error.status);
    m_span.fail(error);
    m_span.end();
}

void CallTrace::cancel()
{
    if (std::exchange(m_isEnded, true))
        return;
    observe("cancelled");
    m_span.set("sandglass.result", "cancelled");
    m_span.end();
}

void CallTrace::observe(std::string_view status)
{
    telemetry::figures().apiCall.with({m_endpoint, status}).observe(m_watch.elapsed());
}

} // namespace sandglass::e2b
