#include "services/engine/api/controlplane.h"
#include "services/engine/api/errors.h"

#include <algorithm>
#include <charconv>

namespace sandglass::engine {

namespace {

Result<std::optional<std::int64_t>> epochSeconds(const http::Headers &query, const char *name)
{
    const std::string text = queryValue(query, name);
    if (text.empty())
        return std::optional<std::int64_t>();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return refuse(400, std::string(name) + " has to be a time in seconds since 1970");
    return std::optional(value);
}

} // namespace

void ControlPlane::addMetricRoutes()
{
    m_router.add("GET", "/sandboxes/{}/metrics",
                 [this](const auto &r, const auto &p, const ExchangePtr &e) { sandboxMetrics(r, p[0], e); });
    m_router.add("GET", "/sandboxes/metrics",
                 [this](const auto &r, const auto &, const ExchangePtr &e) { bulkMetrics(r, e); });
}

void ControlPlane::sandboxMetrics(const http::Request &request, const std::string &id, const ExchangePtr &exchange)
{
    const auto live = m_registry.find(id);
    if (!live)
        return exchange->respond(errorResponse(sandboxNotFound(id)));
    const auto query = http::parseQuery(request.query);
    const auto start = epochSeconds(query, "start"), end = epochSeconds(query, "end");
    if (!start || !end)
        return exchange->respond(errorResponse(start ? end.error() : start.error()));
    if (*start && *end && **start > **end)
        return exchange->respond(http::Response::error(400, "start cannot be after end"));
    Json list = Json::array();
    for (const MetricSample &sample : live->metrics) {
        // Clients round their times to whole seconds: one second of slack on both sides.
        const std::int64_t second = toUnixMs(sample.timestamp) / 1000;
        if ((*start && second < **start - 1) || (*end && second > **end + 1))
            continue;
        list.push_back(metricJson(*live, sample));
    }
    exchange->respond(http::Response::json(200, dumpJson(list)));
}

void ControlPlane::bulkMetrics(const http::Request &request, const ExchangePtr &exchange)
{
    constexpr int kMostIds = 100;
    const std::string ids = queryValue(http::parseQuery(request.query), "sandbox_ids");
    if (ids.empty() || std::count(ids.begin(), ids.end(), ',') >= kMostIds)
        return exchange->respond(http::Response::error(400, "sandbox_ids has to name 1 to 100 sandboxes"));
    Json found = Json::object();
    std::string_view rest = ids;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const auto live = m_registry.find(rest.substr(0, comma));
        if (live && !live->metrics.empty())
            found[live->id] = metricJson(*live, live->metrics.back());
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    exchange->respond(http::Response::json(200, dumpJson({{"sandboxes", found}})));
}

} // namespace sandglass::engine
