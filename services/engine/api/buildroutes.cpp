// Template builds: request, upload, start, status, logs, tags (e2b-protocol 2.2, 6).

#include "services/engine/api/errors.h"
#include "services/engine/api/templateroutes.h"

#include <algorithm>
#include <charconv>

namespace sandglass::engine {

namespace {

constexpr std::string_view kUploads = "/templates/uploads/";
constexpr std::chrono::hours kUploadDeadline{1}; ///< as long as the SDKs wait
constexpr std::size_t kReasonEntries = 20;

http::Response created(const Json &body, int status)
{
    return http::Response::json(status, dumpJson(body));
}

Json entriesJson(const std::vector<BuildLogEntry> &entries)
{
    Json list = Json::array();
    for (const BuildLogEntry &each : entries)
        list.push_back(buildLogJson(each));
    return list;
}

struct TagsBody
{
    std::string name;
    std::vector<std::string> tags;
};

Result<TagsBody> tagsBody(const http::Request &request, const char *nameKey)
{
    const auto body = parseJson(request.body);
    TagsBody wanted{body ? stringOr(*body, nameKey) : std::string(), {}};
    const Json &tags = body ? memberOr(*body, "tags") : memberOr(Json(), "");
    if (wanted.name.empty() || !tags.is_array() || tags.empty())
        return refuse(400, std::string("the body needs ") + nameKey + " and tags");
    for (const Json &each : tags) {
        auto tag = checkTag(each.is_string() ? each.get<std::string>() : std::string());
        if (!tag)
            return failure(tag.error());
        wanted.tags.push_back(std::move(*tag));
    }
    return wanted;
}

} // namespace

void TemplateRoutes::addBuildRoutes(Router &router)
{
    using P = const PathParameters &;
    using R = const http::Request &;
    router.add("POST", "/v3/templates", [this](R r, P, const ExchangePtr &e) { requestBuild(r, false, e); });
    router.add("POST", "/v2/templates", [this](R r, P, const ExchangePtr &e) { requestBuild(r, true, e); });
    router.add("GET", "/templates/{}/files/{}", [this](R r, P p, const ExchangePtr &e) { fileLink(r, p, e); });
    router.add("POST", "/v2/templates/{}/builds/{}", [this](R r, P p, const ExchangePtr &e) { startBuild(r, p, e); });
    router.add("GET", "/templates/{}/builds/{}/status", [this](R r, P p, const ExchangePtr &e) { status(r, p, e); });
    router.add("GET", "/templates/{}/builds/{}/logs", [this](R r, P p, const ExchangePtr &e) { logs(r, p, e); });
}

void TemplateRoutes::requestBuild(const http::Request &request, bool isOld, const ExchangePtr &exchange)
{
    const auto wish = parseTemplateRequest(request.body);
    if (!wish)
        return exchange->respond(errorResponse(wish.error()));
    const auto build = m_builds.request(*wish);
    if (!build)
        return exchange->respond(errorResponse(build.error()));
    const auto record = m_builds.find(wish->name);
    Json json{{"templateID", build->blueprint.id},
              {"buildID", build->blueprint.buildId},
              {"public", record && record->isPublic},
              {"names", Json::array({wish->name})},
              {"tags", build->tags},
              {"aliases", Json::array({wish->name})}};
    if (isOld) {
        const std::string now = formatRfc3339(build->blueprint.createdAt);
        json.update({{"cpuCount", wish->vcpuCount},
                     {"memoryMB", wish->memoryMb},
                     {"diskSizeMB", build->blueprint.limits.diskMb},
                     {"createdAt", now},
                     {"updatedAt", now},
                     {"createdBy", nullptr},
                     {"lastSpawnedAt", nullptr},
                     {"spawnCount", 0},
                     {"buildCount", m_builds.store().builds(build->blueprint.id).size()},
                     {"envdVersion", kEnvdVersion}});
    }
    exchange->respond(created(json, 202));
}

void TemplateRoutes::fileLink(const http::Request &request, const PathParameters &path, const ExchangePtr &exchange)
{
    if (!m_builds.find(path[0]))
        return exchange->respond(http::Response::error(404, "template '" + path[0] + "' not found"));
    if (!BuildFiles::isHash(path[1]))
        return exchange->respond(http::Response::error(400, "'" + path[1] + "' is not the hash of files"));
    // By the name the client knows this engine by: it may come through a tunnel.
    const std::string url =
        "http://" + std::string(request.header("host")) + std::string(kUploads) + m_builds.files().newToken(path[1]);
    exchange->respond(created({{"present", m_builds.files().has(path[1])}, {"url", url}}, 201));
}

std::optional<http::Admission> TemplateRoutes::admitUpload(const http::RequestHead &head)
{
    if (head.method != "PUT" || !head.path.starts_with(kUploads))
        return std::nullopt;
    http::Admission admission;
    const auto reject = [&admission](int status, const char *message) {
        admission.rejection = std::make_unique<http::Response>(http::Response::error(status, message));
    };
    admission.bodyLimit = BuildFiles::kMostBytes;
    admission.bodyDeadline = kUploadDeadline;
    // As the storage behind the hosted API: chunked bodies are not taken.
    if (head.header("content-length").empty())
        reject(411, "the length of the upload is missing (Content-Length)");
    else if (auto sink = m_builds.files().upload(head.path.substr(kUploads.size())))
        admission.sink = std::move(sink);
    else
        reject(403, "this upload URL is not valid, or not any more");
    return admission;
}

void serveBuildUpload(TemplateBuilds &builds, const std::shared_ptr<BuildUpload> &upload,
                      const std::shared_ptr<http::Exchange> &exchange)
{
    builds.onWorker([upload] { upload->keep(); },
                    [upload, exchange] {
                        exchange->respond(upload->status() == 0
                                              ? http::Response::text(200, "")
                                              : http::Response::error(upload->status(), upload->error()));
                    });
}

void TemplateRoutes::startBuild(const http::Request &request, const PathParameters &path, const ExchangePtr &exchange)
{
    auto plan = parseBuildPlan(request.body);
    if (!plan)
        return exchange->respond(errorResponse(plan.error()));
    if (const auto begun = m_builds.start(path[0], path[1], std::move(*plan)); !begun)
        return exchange->respond(errorResponse(begun.error()));
    http::Response accepted;
    accepted.status = 202;
    exchange->respond(std::move(accepted));
}

void TemplateRoutes::status(const http::Request &request, const PathParameters &path, const ExchangePtr &exchange)
{
    const auto build = m_builds.build(path[0], path[1]);
    const auto query = parseBuildLogQuery(request.query);
    if (!build || !query)
        return exchange->respond(errorResponse(build ? query.error() : build.error()));
    const auto entries = m_builds.logs().select(path[1], *query);
    Json lines = Json::array();
    for (const BuildLogEntry &each : entries)
        lines.push_back(each.message);
    Json json{{"templateID", build->blueprint.id},
              {"buildID", build->blueprint.buildId},
              {"status", buildStatusName(build->status)},
              {"logs", std::move(lines)},
              {"logEntries", entriesJson(entries)}};
    if (build->status == BuildStatus::Error) {
        const auto ofStep = m_builds.logs().ofStep(path[1], build->reasonStep, kReasonEntries);
        json["reason"] = {{"message", build->reason}, {"logEntries", entriesJson(ofStep)}};
        if (!build->reasonStep.empty())
            json["reason"]["step"] = build->reasonStep;
    }
    exchange->respond(http::Response::json(200, dumpJson(json)));
}

void TemplateRoutes::logs(const http::Request &request, const PathParameters &path, const ExchangePtr &exchange)
{
    const auto build = m_builds.build(path[0], path[1]);
    const auto query = parseBuildLogQuery(request.query);
    if (!build || !query)
        return exchange->respond(errorResponse(build ? query.error() : build.error()));
    const Json json{{"logs", entriesJson(m_builds.logs().select(path[1], *query))}};
    exchange->respond(http::Response::json(200, dumpJson(json)));
}

void TemplateRoutes::addTagRoutes(Router &router)
{
    using P = const PathParameters &;
    using R = const http::Request &;
    router.add("GET", "/templates/{}/tags", [this](R, P p, const ExchangePtr &e) { listTags(p[0], e); });
    router.add("POST", "/templates/tags", [this](R r, P, const ExchangePtr &e) { assignTags(r, e); });
    router.add("DELETE", "/templates/tags", [this](R r, P, const ExchangePtr &e) { removeTags(r, e); });
}

void TemplateRoutes::listTags(const std::string &reference, const ExchangePtr &exchange)
{
    std::vector<TagRecord> tags;
    if (const auto record = m_builds.find(reference))
        tags = m_builds.store().tags(record->id);
    else if (const Template *entry = m_builds.catalog().find(reference))
        tags.push_back({entry->tag, entry->buildId, entry->createdAt});
    else
        return exchange->respond(http::Response::error(404, "template '" + reference + "' not found"));
    Json list = Json::array();
    for (const TagRecord &each : tags)
        list.push_back({{"tag", each.tag}, {"buildID", each.buildId}, {"createdAt", formatRfc3339(each.createdAt)}});
    exchange->respond(http::Response::json(200, dumpJson(list)));
}

void TemplateRoutes::assignTags(const http::Request &request, const ExchangePtr &exchange)
{
    const auto wanted = tagsBody(request, "target");
    if (!wanted)
        return exchange->respond(errorResponse(wanted.error()));
    const auto buildId = m_builds.assignTags(wanted->name, wanted->tags);
    exchange->respond(buildId ? created({{"tags", wanted->tags}, {"buildID", *buildId}}, 201)
                              : errorResponse(buildId.error()));
}

void TemplateRoutes::removeTags(const http::Request &request, const ExchangePtr &exchange)
{
    const auto wanted = tagsBody(request, "name");
    if (!wanted)
        return exchange->respond(errorResponse(wanted.error()));
    const auto removed = m_builds.removeTags(wanted->name, wanted->tags);
    if (!removed)
        return exchange->respond(errorResponse(removed.error()));
    http::Response done;
    done.status = 204;
    exchange->respond(std::move(done));
}

} // namespace sandglass::engine
