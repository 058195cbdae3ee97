#include "services/engine/api/sandboxgateway.h"

#include "services/core/secret.h"
#include "services/engine/api/connect.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/filesignature.h"
#include "services/engine/api/filesroutes.h"
#include "services/engine/api/filesystemservice.h"
#include "services/engine/api/portproxy.h"
#include "services/engine/api/processservice.h"
#include "services/engine/api/router.h"
#include "services/engine/api/sandboxnetwork.h"
#include "services/engine/api/watchservice.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

constexpr std::uint64_t kMessageLimit = 16U << 20; ///< RPC messages and code
constexpr std::chrono::minutes kUploadDeadline{10};
constexpr std::int64_t kLeastResumeSeconds = 300;
constexpr const char *kUnauthorized =
    "unauthorized access, please provide a valid access token or method signing if supported";

constexpr const char *kTokenMissing = "Sandbox is secured with traffic access token. Token header "
                                      "'e2b-traffic-access-token' is missing";
constexpr const char *kTokenWrong = "Sandbox is secured with traffic access token. Provided token in header "
                                    "'e2b-traffic-access-token' is invalid";

http::Response notFound(const std::string &id)
{
    return proxyError(502, id, "The sandbox was not found");
}

bool hasToken(const LiveSandbox &live, const http::RequestHead &head)
{
    return !live.request.secure || equalConstantTime(head.header("x-access-token"), live.accessToken);
}

bool isUpload(const http::RequestHead &head, std::uint16_t port)
{
    return port == kEnvdPort && head.method == "POST" && head.path == "/files";
}

} // namespace

SandboxGateway::SandboxGateway(boost::asio::io_context &io, SandboxRegistry &registry, http::IoThread &files,
                               std::string spoolDirectory)
    : m_io(io), m_registry(registry), m_files(files), m_spoolDirectory(std::move(spoolDirectory))
{}

std::variant<SandboxGateway::Target, http::Response> SandboxGateway::find(const http::RequestHead &head) const
{
    const auto route = routeRequest(head);
    if (const auto *fault = std::get_if<RouteFailure>(&route))
        return fault->isBare ? findBySignature(head, fault->response) : fault->response;
    const auto &found = std::get<SandboxRoute>(route);
    const LivePtr live = m_registry.find(found.sandboxId);
    if (!live || (live->state == LiveSandbox::State::Paused && !live->request.autoResume))
        return notFound(found.sandboxId);
    if (live->state == LiveSandbox::State::Pausing || live->state == LiveSandbox::State::Resuming)
        return proxyError(409, found.sandboxId, "The sandbox is being paused or resumed");
    if (!live->trafficToken.empty() && found.port != kEnvdPort) {
        const std::string_view token = head.header("e2b-traffic-access-token");
        if (token.empty() || !equalConstantTime(token, live->trafficToken))
            return proxyError(403, found.sandboxId, token.empty() ? kTokenMissing : kTokenWrong);
    }
    return Target{live, found.port};
}

std::variant<SandboxGateway::Target, http::Response>
SandboxGateway::findBySignature(const http::RequestHead &head, const http::Response &otherwise) const
{
    // A signed URL made with a sandbox URL of one's own carries neither id nor headers; older SDKs forget the headers
    // on /files. What is left to tell the sandbox by is its token.
    const std::string_view token = head.header("x-access-token");
    for (const LivePtr &live : m_registry.all()) {
        const bool byToken = !token.empty() && equalConstantTime(token, live->accessToken);
        const bool bySignature = head.path == "/files" && signatureMatches(head, live->accessToken);
        if ((byToken || bySignature) && live->isRunning())
            return Target{live, kEnvdPort};
    }
    return otherwise;
}

http::Admission SandboxGateway::admit(const http::RequestHead &head)
{
    http::Admission admission;
    admission.bodyLimit = kMessageLimit;
    const auto reject = [&](http::Response response) {
        admission.rejection = std::make_unique<http::Response>(std::move(response));
    };
    const auto found = find(head);
    if (const auto *fault = std::get_if<http::Response>(&found)) {
        reject(*fault);
        return admission;
    }
    const Target &target = std::get<Target>(found);
    if (target.port != kEnvdPort && target.port != kInterpreterPort) {
        admission.isTunnel = true;
        return admission;
    }
    if (!isUpload(head, target.port))
        return admission;
    const auto access =
        target.live->request.secure ? checkFileAccess(head, target.live->accessToken, systemNow()) : Result<>();
    if (!access) {
        reject(errorResponse(access.error()));
        return admission;
    }
    const std::string_view encoding = head.header("content-encoding");
    const bool packed = encoding == "gzip";
    if (!encoding.empty() && encoding != "identity" && !packed) {
        reject(http::Response::error(415, "uploads may be packed with gzip, not with '" + std::string(encoding) + "'"));
        return admission;
    }
    admission.bodyLimit = std::uint64_t(target.live->blueprint.limits.diskMb) << 20;
    admission.bodyDeadline = kUploadDeadline;
    auto upload = std::make_shared<Upload>(std::string(head.header("content-type")), m_spoolDirectory);
    if (packed)
        upload->expectGzip(admission.bodyLimit);
    admission.sink = std::move(upload);
    return admission;
}

void SandboxGateway::handle(http::Request request, std::shared_ptr<http::BodySink> sink, ExchangePtr exchange)
{
    const auto found = find(request); // things may have changed while the body came in
    if (const auto *fault = std::get_if<http::Response>(&found))
        return exchange->respond(*fault);
    const Target &target = std::get<Target>(found);
    if (target.live->isRunning())
        serve(target, request, sink, exchange);
    else
        wake(target, std::make_shared<http::Request>(std::move(request)), std::move(sink), exchange);
}

void SandboxGateway::wake(const Target &target, std::shared_ptr<http::Request> request,
                          std::shared_ptr<http::BodySink> sink, const ExchangePtr &exchange)
{
    const std::int64_t seconds = std::min(std::max(target.live->request.timeoutSeconds, kLeastResumeSeconds),
                                          m_registry.options().maxTimeoutSeconds);
    m_registry.connect(target.live->id, seconds, [=, this](const auto &connected) {
        if (connected)
            serve(target, *request, sink, exchange);
        else
            exchange->respond(proxyError(connected.error().status == 404 ? 502 : connected.error().status,
                                         target.live->id, connected.error().message));
    });
}

void SandboxGateway::serve(const Target &target, const http::Request &request,
                           const std::shared_ptr<http::BodySink> &sink, const ExchangePtr &exchange)
{
    if (target.port == kEnvdPort)
        serveEnvd(target.live, request, sink, exchange);
    else if (target.port == kInterpreterPort)
        serveInterpreter(target.live, request, exchange);
    else
        proxyToPort(m_io, target.live->sandbox, target.port, request,
                    maskedHost(target.live->request.maskRequestHost, target.port), exchange);
}

void SandboxGateway::serveEnvd(const LivePtr &live, const http::Request &request,
                               const std::shared_ptr<http::BodySink> &sink, const ExchangePtr &exchange)
{
    if (request.path == "/health")
        return exchange->respond({204, {}, {}});
    if (request.path == "/files") {
        if (request.method != "GET" && request.method != "POST")
            return exchange->respond(http::Response::error(405, "method not allowed"));
        const auto access =
            live->request.secure ? checkFileAccess(request, live->accessToken, systemNow()) : Result<>();
        if (!access)
            return exchange->respond(errorResponse(access.error()));
        if (request.method == "GET")
            return serveDownload(m_files, live->sandbox, request, exchange);
        return serveUpload(m_io, m_files, live->sandbox, request, std::dynamic_pointer_cast<Upload>(sink), exchange);
    }
    if (!hasToken(*live, request))
        return exchange->respond(http::Response::error(401, kUnauthorized));
    if (request.path == "/metrics")
        return serveMetrics(live, exchange);
    if (request.path == "/envs")
        return exchange->respond(http::Response::json(200, dumpJson(Json(live->request.environment))));
    const auto segments = splitPath(request.path);
    if (segments.size() == 2 && segments[0] == "process.Process" && request.method == "POST")
        return serveProcess(m_io, live->processes, segments[1], request, exchange);
    if (segments.size() == 2 && segments[0] == "filesystem.Filesystem" && isWatchMethod(segments[1])
        && request.method == "POST") {
        if (!live->watchers)
            live->watchers = std::make_shared<PolledWatchers>();
        return serveWatch(m_io, live->sandbox, live->watchers, segments[1], request, exchange);
    }
    if (segments.size() == 2 && segments[0] == "filesystem.Filesystem" && request.method == "POST")
        return serveFilesystem(*live->sandbox, segments[1], request, exchange);
    exchange->respond(http::Response::error(404, "no such route: " + request.path));
}

void SandboxGateway::serveMetrics(const LivePtr &live, const ExchangePtr &exchange)
{
    live->sandbox->usage([live, exchange](const Result<ResourceUsage> &usage) {
        if (!usage)
            return exchange->respond(http::Response::error(500, usage.error().message));
        constexpr std::int64_t kMib = 1 << 20;
        const Json json{{"ts", toUnixMs(systemNow()) / 1000},
                        {"cpu_count", live->blueprint.limits.vcpuCount},
                        {"cpu_used_pct", usage->cpuUsedPercent},
                        {"mem_total", usage->memoryTotal},
                        {"mem_used", usage->memoryUsed},
                        {"mem_cache", 0},
                        {"mem_total_mib", usage->memoryTotal / kMib},
                        {"mem_used_mib", usage->memoryUsed / kMib},
                        {"disk_used", usage->diskUsed},
                        {"disk_total", usage->diskTotal}};
        exchange->respond(http::Response::json(200, dumpJson(json)));
    });
}

void SandboxGateway::serveInterpreter(const LivePtr &live, const http::Request &request, const ExchangePtr &exchange)
{
    if (request.path == "/execute" && !hasToken(*live, request))
        return exchange->respond(http::Response::text(401, kUnauthorized));
    live->interpreter->serve(request, exchange);
}

} // namespace sandglass::engine
