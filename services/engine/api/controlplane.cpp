#include "services/engine/api/controlplane.h"

#include "services/core/secret.h"
#include "services/engine/api/apikey.h"
#include "services/engine/api/apikeyroutes.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/listquery.h"
#include "services/engine/api/members.h"
#include "services/engine/api/teamroutes.h"
#include "services/engine/secrets/secretroutes.h"
#include "services/engine/volumes/volumeroutes.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

http::Response noContent()
{
    http::Response response;
    response.status = 204;
    return response;
}

/// The seconds under `name`; `fallback` for an absent body or member, an error for anything that is no whole number.
Result<std::int64_t> secondsOf(const http::Request &request, const char *name, std::optional<std::int64_t> fallback)
{
    const auto json = request.body.empty() ? Result<Json>(Json::object()) : parseJson(request.body);
    if (!json || !json->is_object())
        return refuse(400, "the body is not a JSON object");
    const Json &value = memberOr(*json, name);
    if (value.is_null() && fallback)
        return *fallback;
    if (!value.is_number_integer())
        return refuse(400, std::string(name) + " has to be a whole number of seconds");
    return value.get<std::int64_t>();
}

constexpr std::uint64_t kBodyLimit = 1U << 20;

} // namespace

ControlPlane::ControlPlane(std::string apiKey, SandboxRegistry &registry, TemplateCatalog &catalog, EventStore &events,
                           WebhookStore &webhooks, Deliverer &deliverer, Snapshots &snapshots, TemplateBuilds &builds,
                           TeamStores team)
    : m_apiKey(std::move(apiKey))
    , m_registry(registry)
    , m_catalog(catalog)
    , m_events(events)
    , m_webhooks(webhooks)
    , m_deliverer(deliverer)
    , m_snapshots(snapshots)
    , m_builds(builds)
    , m_templates(builds, snapshots)
    , m_team(team)
{
    addSandboxRoutes();
    addMetricRoutes();
    addLogRoutes();
    m_templates.addTo(m_router);
    addEventRoutes();
    addWebhookRoutes();
    addSnapshotRoutes();
    addTeamRoutes(m_router, m_events.teamId(), m_registry.activity());
    addApiKeyRoutes(m_router, m_team.keys);
    addVolumeRoutes(m_router, m_team.volumes);
    addSecretRoutes(m_router, m_team.secrets);
    addUnavailableRoutes();
}

std::unique_ptr<http::Response> ControlPlane::authenticate(const http::RequestHead &head) const
{
    const std::string_view key = givenKey(head);
    const char *fault = nullptr;
    if (key.empty())
        fault = "no credentials found: the X-API-KEY header is missing";
    else if (!isApiKeyShape(key))
        fault = "invalid API key format: it has to be e2b_ followed by hexadecimal digits";
    else if (head.countHeader("x-api-key") > 1 || (!equalConstantTime(key, m_apiKey) && !m_team.keys.accepts(key)))
        fault = "invalid API key: it is not this engine's";
    if (fault == nullptr)
        return nullptr;
    return std::make_unique<http::Response>(http::Response::error(401, fault));
}

http::Admission ControlPlane::admit(const http::RequestHead &head)
{
    if (VolumeContent::isFor(head.path))
        return m_team.contents.admit(head);
    if (auto upload = m_templates.admitUpload(head))
        return std::move(*upload);
    http::Admission admission;
    admission.bodyLimit = kBodyLimit;
    if (head.path != "/health")
        admission.rejection = authenticate(head);
    return admission;
}

void ControlPlane::handle(http::Request request, std::shared_ptr<http::BodySink> sink, ExchangePtr exchange)
{
    if (VolumeContent::isFor(request.path))
        return m_team.contents.handle(std::move(request), std::move(sink), std::move(exchange));
    if (const auto upload = std::dynamic_pointer_cast<BuildUpload>(sink))
        return serveBuildUpload(m_builds, upload, exchange);
    m_router.dispatch(request, exchange);
}

void ControlPlane::addSandboxRoutes()
{
    using P = const PathParameters &;
    using R = const http::Request &;
    m_router.add("GET", "/health",
                 [](R, P, const ExchangePtr &e) { e->respond(http::Response::text(200, "Health check successful")); });
    m_router.add("POST", "/sandboxes", [this](R r, P, const ExchangePtr &e) { createSandbox(r, e); });
    m_router.add("GET", "/v2/sandboxes", [this](R r, P, const ExchangePtr &e) { listSandboxes(r, false, e); });
    m_router.add("GET", "/sandboxes", [this](R r, P, const ExchangePtr &e) { listSandboxes(r, true, e); });
    m_router.add("GET", "/sandboxes/{}", [this](R, P p, const ExchangePtr &e) {
        const auto live = m_registry.find(p[0]);
        e->respond(live ? http::Response::json(200, dumpJson(sandboxDetailJson(*live)))
                        : errorResponse(sandboxNotFound(p[0])));
    });
    const auto answer = [](const ExchangePtr &e) {
        return [e](const Result<> &done) { e->respond(done ? noContent() : errorResponse(done.error())); };
    };
    m_router.add("DELETE", "/sandboxes/{}",
                 [this, answer](R, P p, const ExchangePtr &e) { m_registry.kill(p[0], "request", answer(e)); });
    m_router.add("POST", "/sandboxes/{}/pause",
                 [this, answer](R, P p, const ExchangePtr &e) { m_registry.pause(p[0], answer(e)); });
    m_router.add("POST", "/sandboxes/{}/connect",
                 [this](R r, P p, const ExchangePtr &e) { connectSandbox(r, p[0], false, e); });
    m_router.add("POST", "/sandboxes/{}/resume",
                 [this](R r, P p, const ExchangePtr &e) { connectSandbox(r, p[0], true, e); });
    m_router.add("POST", "/sandboxes/{}/timeout", [this, answer](R r, P p, const ExchangePtr &e) {
        const auto seconds = secondsOf(r, "timeout", std::nullopt);
        answer(e)(seconds ? m_registry.setTimeout(p[0], *seconds, false) : Result<>(failure(seconds.error())));
    });
    m_router.add("PUT", "/sandboxes/{}/network", [this](R r, P p, const ExchangePtr &e) { changeNetwork(r, p[0], e); });
    m_router.add("POST", "/sandboxes/{}/refreshes", [this, answer](R r, P p, const ExchangePtr &e) {
        const auto seconds = secondsOf(r, "duration", 15);
        answer(e)(seconds ? m_registry.setTimeout(p[0], *seconds, true) : Result<>(failure(seconds.error())));
    });
}

void ControlPlane::createSandbox(const http::Request &request, const ExchangePtr &exchange)
{
    auto wish = parseCreateRequest(request.body);
    if (!wish)
        return exchange->respond(errorResponse(wish.error()));
    m_registry.create(std::move(*wish), [exchange](const auto &live) {
        exchange->respond(live ? http::Response::json(201, dumpJson(sandboxJson(**live)))
                               : errorResponse(live.error()));
    });
}

void ControlPlane::listSandboxes(const http::Request &request, bool legacy, const ExchangePtr &exchange)
{
    auto query = parseListQuery(request.query);
    if (!query)
        return exchange->respond(errorResponse(query.error()));
    if (legacy) { // the old list: running ones, one page
        query->paused = false;
        query->limit = SIZE_MAX;
    }
    const Template *wanted = m_catalog.find(query->templateReference);
    const ListPage page = selectSandboxes(m_registry.all(), *query, wanted != nullptr ? wanted->id : std::string());
    Json list = Json::array();
    for (const auto &live : page.sandboxes)
        list.push_back(listedSandboxJson(*live));
    auto response = http::Response::json(200, dumpJson(list));
    response.headers.emplace_back("X-Total-Running", std::to_string(page.totalRunning));
    if (!page.nextToken.empty())
        response.headers.emplace_back("X-Next-Token", page.nextToken);
    exchange->respond(std::move(response));
}

void ControlPlane::connectSandbox(const http::Request &request, const std::string &id, bool legacy,
                                  const ExchangePtr &exchange)
{
    // Without a body E2B answers 400 on both routes.
    const auto seconds = request.body.empty()
        ? Result<std::int64_t>(refuse(400, "the body is missing: send {\"timeout\": seconds}"))
        : secondsOf(request, "timeout", legacy ? std::optional<std::int64_t>(15) : std::nullopt);
    if (!seconds)
        return exchange->respond(errorResponse(seconds.error()));
    if (legacy) {
        if (const auto live = m_registry.find(id); live && live->isRunning())
            return exchange->respond(http::Response::error(409, "Sandbox " + id + " is already running"));
    }
    m_registry.connect(id, *seconds, [exchange](const auto &connected) {
        if (!connected)
            return exchange->respond(errorResponse(connected.error()));
        exchange->respond(
            http::Response::json(connected->resumed ? 201 : 200, dumpJson(sandboxJson(*connected->live))));
    });
}

void ControlPlane::changeNetwork(const http::Request &request, const std::string &id, const ExchangePtr &exchange)
{
    const auto live = m_registry.find(id);
    if (!live)
        return exchange->respond(errorResponse(sandboxNotFound(id)));
    auto json = parseJson(request.body);
    if (!json || !json->is_object())
        return exchange->respond(http::Response::error(400, "the body is not a JSON object"));
    const auto internet = flagMember(*json, "allow_internet_access", live->request.allowInternet.value_or(false));
    if (!internet)
        return exchange->respond(errorResponse(internet.error()));
    auto rules = EgressRules::parse(*json, *internet);
    if (!rules)
        return exchange->respond(errorResponse(rules.error()));
    m_registry.setEgress(id, std::move(*rules), std::move(*json), [exchange](const Result<> &done) {
        exchange->respond(done ? noContent() : errorResponse(done.error()));
    });
}

void ControlPlane::addUnavailableRoutes()
{
    struct Unavailable
    {
        const char *method, *pattern, *what;
    };
    constexpr Unavailable kRoutes[] = {
        {"POST", "/templates", "the older template builds: update the SDK"},
        {"POST", "/templates/{}", "the older template builds: update the SDK"},
        {"POST", "/templates/{}/builds/{}", "the older template builds: update the SDK"},
    };
    for (const Unavailable &route : kRoutes) {
        m_router.add(route.method, route.pattern,
                     [what = std::string(route.what)](const auto &, const auto &, const ExchangePtr &e) {
                         e->respond(http::Response::error(501, "the local engine does not support " + what));
                     });
    }
}

} // namespace sandglass::engine
