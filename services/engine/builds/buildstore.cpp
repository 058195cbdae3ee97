#include "services/engine/builds/buildstore.h"

#include "services/core/ids.h"

#include <array>

namespace sandglass::engine {

namespace {

constexpr const char *kTables = R"(
    CREATE TABLE IF NOT EXISTS templates(
        template_id TEXT PRIMARY KEY,
        name        TEXT NOT NULL UNIQUE,
        is_public   INTEGER NOT NULL,
        created_ns  INTEGER NOT NULL,
        updated_ns  INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS template_builds(
        build_id    TEXT PRIMARY KEY,
        template_id TEXT NOT NULL REFERENCES templates(template_id),
        status      INTEGER NOT NULL,
        tags        TEXT NOT NULL,
        vcpu        INTEGER NOT NULL,
        memory_mb   INTEGER NOT NULL,
        disk_mb     INTEGER NOT NULL,
        layers      TEXT NOT NULL,
        defaults    TEXT NOT NULL,
        reason      TEXT NOT NULL,
        reason_step TEXT NOT NULL,
        created_ns  INTEGER NOT NULL,
        updated_ns  INTEGER NOT NULL,
        finished_ns INTEGER);
    CREATE INDEX IF NOT EXISTS template_builds_of ON template_builds(template_id, created_ns);
    CREATE TABLE IF NOT EXISTS template_tags(
        template_id TEXT NOT NULL,
        tag         TEXT NOT NULL,
        build_id    TEXT NOT NULL,
        created_ns  INTEGER NOT NULL,
        PRIMARY KEY(template_id, tag)))";

constexpr const char *kBuilds = "SELECT b.build_id, b.template_id, t.name, b.status, b.tags, b.vcpu, b.memory_mb, "
                                "b.disk_mb, b.layers, b.defaults, b.reason, b.reason_step, b.created_ns, "
                                "b.updated_ns, b.finished_ns FROM template_builds b JOIN templates t "
                                "ON t.template_id = b.template_id ";

constexpr const char *kInterrupted = "the engine ended while the template was being built";

std::vector<std::string> textsFrom(const std::string &text)
{
    std::vector<std::string> list;
    const Json json = parseJson(text).value_or(Json::array());
    for (const Json &each : json) {
        if (each.is_string())
            list.push_back(each.get<std::string>());
    }
    return list;
}

TemplateRecord templateFrom(const Statement &row)
{
    return {row.text(0), row.text(1), row.integer(2) != 0, fromUnixNs(row.integer(3)), fromUnixNs(row.integer(4))};
}

BuildRecord buildFrom(const Statement &row)
{
    BuildRecord build;
    Template &blueprint = build.blueprint;
    blueprint.buildId = row.text(0);
    blueprint.id = row.text(1);
    blueprint.name = row.text(2);
    build.status = static_cast<BuildStatus>(row.integer(3));
    build.tags = textsFrom(row.text(4));
    blueprint.limits.vcpuCount = static_cast<int>(row.integer(5));
    blueprint.limits.memoryMb = static_cast<int>(row.integer(6));
    blueprint.limits.diskMb = static_cast<int>(row.integer(7));
    blueprint.layers = textsFrom(row.text(8));
    blueprint.defaults = defaultsFromJson(parseJson(row.text(9)).value_or(Json()));
    build.reason = row.text(10);
    build.reasonStep = row.text(11);
    blueprint.createdAt = fromUnixNs(row.integer(12));
    build.updatedAt = fromUnixNs(row.integer(13));
    if (!row.isNull(14))
        build.finishedAt = fromUnixNs(row.integer(14));
    return build;
}

std::vector<BuildRecord> buildsFrom(Statement rows)
{
    std::vector<BuildRecord> builds;
    while (rows.step())
        builds.push_back(buildFrom(rows));
    return builds;
}

} // namespace

const char *buildStatusName(BuildStatus status)
{
    constexpr std::array names{"waiting", "building", "ready", "error"};
    const auto index = static_cast<std::size_t>(status);
    return index < names.size() ? names[index] : "error";
}

tl::unexpected<Error> BuildStore::cannot(const char *what) const
{
    return failure(Error::Kind::Local, std::string("cannot ") + what + ": " + m_database->lastError(), 500);
}

Result<std::unique_ptr<BuildStore>> BuildStore::open(std::shared_ptr<Database> database)
{
    std::unique_ptr<BuildStore> store(new BuildStore(std::move(database)));
    if (!store->m_database->execute(kTables))
        return store->cannot("make the tables of templates");
    const std::int64_t now = toUnixNs(systemNow());
    if (!store->m_database
             ->prepare("UPDATE template_builds SET status = ?, reason = ?, reason_step = '', updated_ns = ?, "
                       "finished_ns = ? WHERE status = ?")
             .bind(std::int64_t{int(BuildStatus::Error)})
             .bind(kInterrupted)
             .bind(now)
             .bind(now)
             .bind(std::int64_t{int(BuildStatus::Building)})
             .run())
        return store->cannot("end interrupted builds");
    return store;
}

std::vector<TemplateRecord> BuildStore::templates() const
{
    auto rows = m_database->prepare("SELECT template_id, name, is_public, created_ns, updated_ns FROM templates "
                                    "ORDER BY created_ns DESC, template_id");
    std::vector<TemplateRecord> found;
    while (rows.step())
        found.push_back(templateFrom(rows));
    return found;
}

std::optional<TemplateRecord> BuildStore::find(std::string_view idOrName) const
{
    auto rows = m_database->prepare("SELECT template_id, name, is_public, created_ns, updated_ns FROM templates "
                                    "WHERE template_id = ?1 OR name = ?1");
    rows.bind(idOrName);
    return rows.step() ? std::optional(templateFrom(rows)) : std::nullopt;
}

Result<BuildRecord> BuildStore::addBuild(const std::string &name, std::vector<std::string> tags,
                                         const SandboxLimits &limits)
{
    BuildRecord build;
    build.blueprint.name = name;
    build.blueprint.buildId = newUuid();
    build.blueprint.limits = limits;
    build.blueprint.createdAt = build.updatedAt = systemNow();
    build.tags = std::move(tags);
    const std::int64_t now = toUnixNs(build.updatedAt);
    Transaction transaction(*m_database);
    const auto known = find(name);
    build.blueprint.id = known ? known->id : newTemplateId();
    const bool isThere = known
        || m_database->prepare("INSERT INTO templates VALUES(?, ?, 0, ?, ?)")
               .bind(build.blueprint.id)
               .bind(name)
               .bind(now)
               .bind(now)
               .run();
    const bool isAdded = isThere
        && m_database
               ->prepare("INSERT INTO template_builds VALUES(?, ?, ?, ?, ?, ?, ?, '[]', '{}', '', '', ?, ?, NULL)")
               .bind(build.blueprint.buildId)
               .bind(build.blueprint.id)
               .bind(std::int64_t{int(build.status)})
               .bind(dumpJson(Json(build.tags)))
               .bind(std::int64_t{limits.vcpuCount})
               .bind(std::int64_t{limits.memoryMb})
               .bind(std::int64_t{limits.diskMb})
               .bind(now)
               .bind(now)
               .run();
    if (!isAdded || !transaction.commit())
        return cannot("save the build");
    return build;
}

Result<> BuildStore::setPublic(const std::string &templateId, bool isPublic)
{
    if (!m_database->prepare("UPDATE templates SET is_public = ?, updated_ns = ? WHERE template_id = ?")
             .bind(std::int64_t{isPublic})
             .bind(toUnixNs(systemNow()))
             .bind(templateId)
             .run())
        return cannot("change the template");
    return {};
}

Result<bool> BuildStore::remove(const std::string &templateId)
{
    Transaction transaction(*m_database);
    for (const char *sql :
         {"DELETE FROM template_build_logs WHERE build_id IN "
          "(SELECT build_id FROM template_builds WHERE template_id = ?)",
          "DELETE FROM template_tags WHERE template_id = ?", "DELETE FROM template_builds WHERE template_id = ?"}) {
        if (!m_database->prepare(sql).bind(templateId).run())
            return cannot("remove the template");
    }
    if (!m_database->prepare("DELETE FROM templates WHERE template_id = ?").bind(templateId).run())
        return cannot("remove the template");
    const bool isFound = m_database->changes() > 0;
    if (!transaction.commit())
        return cannot("remove the template");
    return isFound;
}

std::vector<BuildRecord> BuildStore::builds(const std::string &templateId) const
{
    auto rows =
        m_database->prepare(std::string(kBuilds) + "WHERE b.template_id = ? ORDER BY b.created_ns DESC, b.build_id");
    rows.bind(templateId);
    return buildsFrom(std::move(rows));
}

std::optional<BuildRecord> BuildStore::build(const std::string &templateId, const std::string &buildId) const
{
    auto rows = m_database->prepare(std::string(kBuilds) + "WHERE b.template_id = ? AND b.build_id = ?");
    rows.bind(templateId).bind(buildId);
    return rows.step() ? std::optional(buildFrom(rows)) : std::nullopt;
}

Result<> BuildStore::setBuilding(const std::string &buildId)
{
    if (!m_database->prepare("UPDATE template_builds SET status = ?, updated_ns = ? WHERE build_id = ?")
             .bind(std::int64_t{int(BuildStatus::Building)})
             .bind(toUnixNs(systemNow()))
             .bind(buildId)
             .run())
        return cannot("save the build");
    return {};
}

Result<> BuildStore::fail(const std::string &buildId, const std::string &reason, const std::string &step)
{
    const std::int64_t now = toUnixNs(systemNow());
    if (!m_database
             ->prepare("UPDATE template_builds SET status = ?, reason = ?, reason_step = ?, updated_ns = ?, "
                       "finished_ns = ? WHERE build_id = ?")
             .bind(std::int64_t{int(BuildStatus::Error)})
             .bind(reason)
             .bind(step)
             .bind(now)
             .bind(now)
             .bind(buildId)
             .run())
        return cannot("save the build");
    return {};
}

bool BuildStore::touchTemplate(const std::string &templateId)
{
    return m_database->prepare("UPDATE templates SET updated_ns = ? WHERE template_id = ?")
        .bind(toUnixNs(systemNow()))
        .bind(templateId)
        .run();
}

Result<> BuildStore::finish(const BuildRecord &build, const Template &blueprint)
{
    const std::int64_t now = toUnixNs(systemNow());
    Transaction transaction(*m_database);
    const bool isSaved = m_database
                             ->prepare("UPDATE template_builds SET status = ?, layers = ?, defaults = ?, updated_ns = "
                                       "?, finished_ns = ? WHERE build_id = ?")
                             .bind(std::int64_t{int(BuildStatus::Ready)})
                             .bind(dumpJson(Json(blueprint.layers)))
                             .bind(dumpJson(defaultsToJson(blueprint.defaults)))
                             .bind(now)
                             .bind(now)
                             .bind(build.blueprint.buildId)
                             .run();
    if (!isSaved || !assignTags(build.blueprint.id, build.blueprint.buildId, build.tags) || !transaction.commit())
        return cannot("save the build");
    return {};
}

std::vector<TagRecord> BuildStore::tags(const std::string &templateId) const
{
    auto rows = m_database->prepare("SELECT tag, build_id, created_ns FROM template_tags WHERE template_id = ? "
                                    "ORDER BY tag");
    rows.bind(templateId);
    std::vector<TagRecord> found;
    while (rows.step())
        found.push_back({rows.text(0), rows.text(1), fromUnixNs(rows.integer(2))});
    return found;
}

Result<> BuildStore::assignTags(const std::string &templateId, const std::string &buildId,
                                const std::vector<std::string> &tags)
{
    for (const std::string &tag : tags) {
        if (!m_database->prepare("INSERT OR REPLACE INTO template_tags VALUES(?, ?, ?, ?)")
                 .bind(templateId)
                 .bind(tag)
                 .bind(buildId)
                 .bind(toUnixNs(systemNow()))
                 .run())
            return cannot("assign the tag");
    }
    return touchTemplate(templateId) ? Result<>() : cannot("assign the tag");
}

Result<> BuildStore::removeTags(const std::string &templateId, const std::vector<std::string> &tags)
{
    for (const std::string &tag : tags) {
        if (!m_database->prepare("DELETE FROM template_tags WHERE template_id = ? AND tag = ?")
                 .bind(templateId)
                 .bind(tag)
                 .run())
            return cannot("remove the tag");
    }
    return touchTemplate(templateId) ? Result<>() : cannot("remove the tag");
}

std::vector<Template> BuildStore::tagged() const
{
    auto rows = m_database->prepare("SELECT tag, template_id, build_id FROM template_tags ORDER BY template_id, tag");
    std::vector<Template> found;
    while (rows.step()) {
        if (auto known = build(rows.text(1), rows.text(2)); known && known->status == BuildStatus::Ready) {
            found.push_back(std::move(known->blueprint));
            found.back().tag = rows.text(0);
        }
    }
    return found;
}

std::set<std::string> BuildStore::layers() const
{
    auto rows = m_database->prepare("SELECT layers FROM template_builds WHERE status = ?");
    rows.bind(std::int64_t{int(BuildStatus::Ready)});
    std::set<std::string> found;
    while (rows.step()) {
        for (std::string &layer : textsFrom(rows.text(0)))
            found.insert(std::move(layer));
    }
    return found;
}

} // namespace sandglass::engine
