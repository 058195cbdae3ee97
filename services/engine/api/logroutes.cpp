#include "services/engine/api/controlplane.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/sandboxlog.h"

namespace sandglass::engine {

void ControlPlane::addLogRoutes()
{
    m_router.add("GET", "/sandboxes/{}/logs",
                 [this](const auto &r, const auto &p, const ExchangePtr &e) { sandboxLogs(r, p[0], true, e); });
    m_router.add("GET", "/v2/sandboxes/{}/logs",
                 [this](const auto &r, const auto &p, const ExchangePtr &e) { sandboxLogs(r, p[0], false, e); });
}

void ControlPlane::sandboxLogs(const http::Request &request, const std::string &id, bool legacy,
                               const ExchangePtr &exchange)
{
    const auto log = m_registry.log(id);
    if (!log)
        return exchange->respond(errorResponse(sandboxNotFound(id)));
    const auto query = legacy ? parseOldLogQuery(request.query) : parseLogQuery(request.query);
    if (!query)
        return exchange->respond(errorResponse(query.error()));
    Json lines = Json::array(), entries = Json::array();
    for (const LogEntry &entry : log->select(*query)) {
        entries.push_back(logEntryJson(entry));
        if (legacy)
            lines.push_back(logLineJson(entry));
    }
    const Json body = legacy ? Json{{"logs", std::move(lines)}, {"logEntries", std::move(entries)}}
                             : Json{{"logs", std::move(entries)}};
    exchange->respond(http::Response::json(200, dumpJson(body)));
}

} // namespace sandglass::engine
