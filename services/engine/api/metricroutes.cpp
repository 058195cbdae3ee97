#include "services/engine/api/controlplane.h"
#include "services/engine/api/errors.h"

#include <algorithm>

namespace sandglass::engine {

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
    const auto range = parseMetricRange(request.query);
    if (!range)
        return exchange->respond(errorResponse(range.error()));
    Json list = Json::array();
    for (const MetricSample &sample : live->metrics.select(*range))
        list.push_back(metricJson(*live, sample));
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
