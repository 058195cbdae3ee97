// Templates: list, show, change, delete, aliases (e2b-protocol 2.2).

#include "services/engine/api/templateroutes.h"

#include "services/engine/api/errors.h"
#include "services/engine/api/paging.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

http::Response noContent()
{
    http::Response response;
    response.status = 204;
    return response;
}

http::Response notFound(const std::string &reference)
{
    return http::Response::error(404, "template '" + reference + "' not found");
}

/// What templateJson() and templateWithBuildsJson() have in common for a template that was built.
Json common(const TemplateRecord &record, const SpawnCount &spawns)
{
    return {{"templateID", record.id},
            {"public", record.isPublic},
            {"aliases", Json::array({record.name})},
            {"names", Json::array({record.name})},
            {"createdAt", formatRfc3339(record.createdAt)},
            {"updatedAt", formatRfc3339(record.updatedAt)},
            {"spawnCount", spawns.count},
            {"lastSpawnedAt", spawns.last ? Json(formatRfc3339(*spawns.last)) : Json(nullptr)}};
}

Json listedJson(const TemplateRecord &record, const std::vector<BuildRecord> &builds, const SpawnCount &spawns)
{
    Json json = common(record, spawns);
    const auto ready = std::ranges::find(builds, BuildStatus::Ready, &BuildRecord::status);
    const BuildRecord shown = ready != builds.end() ? *ready : builds.empty() ? BuildRecord() : builds.front();
    json.update({{"buildID", shown.blueprint.buildId},
                 {"cpuCount", shown.blueprint.limits.vcpuCount},
                 {"memoryMB", shown.blueprint.limits.memoryMb},
                 {"diskSizeMB", shown.blueprint.limits.diskMb},
                 {"createdBy", nullptr},
                 {"buildCount", builds.size()},
                 {"envdVersion", kEnvdVersion},
                 {"buildStatus", buildStatusName(builds.empty() ? BuildStatus::Waiting : builds.front().status)}});
    return json;
}

Json buildJson(const BuildRecord &build)
{
    Json json{{"buildID", build.blueprint.buildId},
              {"status", buildStatusName(build.status)},
              {"createdAt", formatRfc3339(build.blueprint.createdAt)},
              {"updatedAt", formatRfc3339(build.updatedAt)},
              {"cpuCount", build.blueprint.limits.vcpuCount},
              {"memoryMB", build.blueprint.limits.memoryMb},
              {"diskSizeMB", build.blueprint.limits.diskMb},
              {"envdVersion", kEnvdVersion}};
    if (build.finishedAt)
        json["finishedAt"] = formatRfc3339(*build.finishedAt);
    return json;
}

struct Listed
{
    PagePosition position;
    const TemplateRecord *record = nullptr; ///< or
    const Template *builtIn = nullptr;
};

} // namespace

void TemplateRoutes::addTo(Router &router)
{
    using P = const PathParameters &;
    using R = const http::Request &;
    router.add("GET", "/templates", [this](R r, P, const ExchangePtr &e) { list(r, false, e); });
    router.add("GET", "/v2/templates", [this](R r, P, const ExchangePtr &e) { list(r, true, e); });
    router.add("GET", "/templates/{}", [this](R r, P p, const ExchangePtr &e) { show(r, p[0], e); });
    router.add("DELETE", "/templates/{}", [this](R, P p, const ExchangePtr &e) { remove(p[0], e); });
    router.add("PATCH", "/templates/{}", [this](R r, P p, const ExchangePtr &e) { change(r, p[0], true, e); });
    router.add("PATCH", "/v2/templates/{}", [this](R r, P p, const ExchangePtr &e) { change(r, p[0], false, e); });
    router.add("GET", "/templates/aliases/{}", [this](R, P p, const ExchangePtr &e) { showAlias(p[0], e); });
    router.add("GET", "/templates/aliases/{}/{}",
               [this](R, P p, const ExchangePtr &e) { showAlias(p[0] + "/" + p[1], e); });
    addBuildRoutes(router);
    addTagRoutes(router);
}

void TemplateRoutes::list(const http::Request &request, bool isPaged, const ExchangePtr &exchange)
{
    PageQuery page{SIZE_MAX, {}};
    if (isPaged) {
        auto read = readPageQuery(request.query);
        if (!read)
            return exchange->respond(errorResponse(read.error()));
        page = std::move(*read);
    }
    const std::vector<TemplateRecord> records = m_builds.store().templates();
    std::vector<Listed> all;
    for (const TemplateRecord &each : records)
        all.push_back({{each.createdAt, each.id}, &each, nullptr});
    for (const Template &each : m_builds.catalog().all())
        all.push_back({{each.createdAt, each.id}, nullptr, &each});
    const std::string next = cutPage(all, page, &Listed::position);
    Json json = Json::array();
    for (const Listed &each : all) {
        json.push_back(each.builtIn != nullptr ? templateJson(*each.builtIn)
                                               : listedJson(*each.record, m_builds.store().builds(each.record->id),
                                                            m_builds.catalog().spawns(each.record->id)));
    }
    exchange->respond(pageResponse(json, next));
}

void TemplateRoutes::show(const http::Request &request, const std::string &reference, const ExchangePtr &exchange)
{
    const auto record = m_builds.find(reference);
    if (!record) {
        const Template *entry = m_builds.catalog().find(reference);
        return exchange->respond(entry != nullptr ? http::Response::json(200, dumpJson(templateWithBuildsJson(*entry)))
                                                  : notFound(reference));
    }
    const auto page = readPageQuery(request.query);
    if (!page)
        return exchange->respond(errorResponse(page.error()));
    struct Row
    {
        PagePosition position;
        BuildRecord build;
    };
    std::vector<Row> rows;
    for (BuildRecord &each : m_builds.store().builds(record->id))
        rows.push_back({{each.blueprint.createdAt, each.blueprint.buildId}, std::move(each)});
    const std::string next = cutPage(rows, *page, &Row::position);
    Json json = common(*record, m_builds.catalog().spawns(record->id));
    json["builds"] = Json::array();
    for (const Row &each : rows)
        json["builds"].push_back(buildJson(each.build));
    exchange->respond(pageResponse(json, next));
}

void TemplateRoutes::showAlias(const std::string &alias, const ExchangePtr &exchange)
{
    const auto answer = [&](const std::string &id, bool isPublic) {
        exchange->respond(http::Response::json(200, dumpJson({{"templateID", id}, {"public", isPublic}})));
    };
    const auto wanted = parseReference(alias);
    if (!wanted)
        return exchange->respond(errorResponse(wanted.error()));
    if (const auto record = m_builds.find(alias)) {
        const auto tags = m_builds.store().tags(record->id);
        if (!wanted->tag || std::ranges::find(tags, *wanted->tag, &TagRecord::tag) != tags.end())
            return answer(record->id, record->isPublic);
    } else if (const Template *entry = m_builds.catalog().find(alias)) {
        return answer(entry->id, !entry->isSnapshot);
    }
    exchange->respond(http::Response::error(404, "template alias '" + alias + "' not found"));
}

void TemplateRoutes::remove(const std::string &reference, const ExchangePtr &exchange)
{
    if (const auto record = m_builds.find(reference)) {
        const auto removed = m_builds.remove(*record);
        return exchange->respond(removed ? noContent() : errorResponse(removed.error()));
    }
    const Template *entry = m_builds.catalog().find(reference);
    if (entry != nullptr && !entry->isSnapshot)
        return exchange->respond(http::Response::error(400, "'" + entry->name + "' is part of the engine"));
    const auto removed = m_snapshots.remove(reference);
    if (!removed)
        return exchange->respond(errorResponse(removed.error()));
    exchange->respond(*removed ? noContent() : notFound(reference));
}

void TemplateRoutes::change(const http::Request &request, const std::string &reference, bool isOld,
                            const ExchangePtr &exchange)
{
    const auto record = m_builds.find(reference);
    if (!record)
        return exchange->respond(m_builds.catalog().find(reference) != nullptr
                                     ? http::Response::error(400, "'" + reference + "' cannot be changed")
                                     : notFound(reference));
    const auto body = parseJson(request.body);
    const Json &isPublic = body ? memberOr(*body, "public") : memberOr(Json(), "");
    if (!isPublic.is_boolean())
        return exchange->respond(http::Response::error(400, "public has to be true or false"));
    if (const auto done = m_builds.setPublic(record->id, isPublic.get<bool>()); !done)
        return exchange->respond(errorResponse(done.error()));
    const Json answer = isOld ? Json::object() : Json{{"names", Json::array({record->name})}};
    exchange->respond(http::Response::json(200, dumpJson(answer)));
}

} // namespace sandglass::engine
