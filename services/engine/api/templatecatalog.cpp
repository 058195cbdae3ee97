#include "services/engine/api/templatecatalog.h"

#include <algorithm>
#include <cctype>

namespace sandglass::engine {

namespace {

struct BuiltIn
{
    const char *id, *buildId, *name;
    int vcpuCount, memoryMb;
};

constexpr BuiltIn kBuiltIns[] = {
    {"rki5dems9wqfm4r03t7g", "2f1c7a52-6d0b-4a3e-9f55-0c7d1b8e4a01", "base", 2, 512},
    {"nlhz8vlwyupq845jsdg9", "2f1c7a52-6d0b-4a3e-9f55-0c7d1b8e4a02", "code-interpreter-v1", 2, 1024},
};
constexpr const char *kBuiltInsDate = "2026-08-22T00:00:00Z";

} // namespace

TemplateCatalog::TemplateCatalog()
{
    for (const BuiltIn &entry : kBuiltIns) {
        Template made;
        made.id = entry.id;
        made.buildId = entry.buildId;
        made.name = entry.name;
        made.limits.vcpuCount = entry.vcpuCount;
        made.limits.memoryMb = entry.memoryMb;
        made.layers = {"base"};
        made.createdAt = *parseRfc3339(kBuiltInsDate);
        m_templates.push_back(std::move(made));
    }
}

const Template *TemplateCatalog::find(std::string_view reference) const
{
    std::string wanted(reference);
    std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string tag = "default";
    if (const auto colon = wanted.find(':'); colon != std::string::npos) {
        tag = wanted.substr(colon + 1);
        wanted.resize(colon);
    }
    if (const auto slash = wanted.find('/'); slash != std::string::npos)
        wanted.erase(0, slash + 1);
    return wanted.empty() ? nullptr : find(wanted, tag);
}

const Template *TemplateCatalog::find(std::string_view name, std::string_view tag) const
{
    for (const auto *list : {&m_templates, &m_built, &m_snapshots}) {
        const auto it = std::find_if(list->begin(), list->end(), [&](const Template &each) {
            return (each.id == name || each.name == name) && each.tag == tag;
        });
        if (it != list->end())
            return &*it;
    }
    return nullptr;
}

bool TemplateCatalog::isBuiltIn(std::string_view name) const
{
    return std::ranges::any_of(m_templates, [&](const Template &each) { return each.id == name || each.name == name; });
}

void TemplateCatalog::takeOverCounts(std::vector<Template> &fresh, const std::vector<Template> &former)
{
    for (Template &each : fresh) {
        const auto known = std::ranges::find(former, each.buildId, &Template::buildId);
        if (known == former.end())
            continue;
        each.spawnCount = known->spawnCount;
        each.lastSpawnedAt = known->lastSpawnedAt;
    }
}

void TemplateCatalog::setBuilt(std::vector<Template> built)
{
    takeOverCounts(built, m_built);
    m_built = std::move(built);
}

void TemplateCatalog::setSnapshots(std::vector<Template> snapshots)
{
    for (Template &each : snapshots)
        each.isSnapshot = true;
    takeOverCounts(snapshots, m_snapshots);
    m_snapshots = std::move(snapshots);
}

SpawnCount TemplateCatalog::spawns(std::string_view templateId) const
{
    std::map<std::string, const Template *> builds; // several tags may stand for one build
    for (const Template &each : m_built) {
        if (each.id == templateId)
            builds[each.buildId] = &each;
    }
    SpawnCount spawns;
    for (const auto &[buildId, build] : builds) {
        spawns.count += build->spawnCount;
        if (build->lastSpawnedAt && (!spawns.last || *spawns.last < *build->lastSpawnedAt))
            spawns.last = build->lastSpawnedAt;
    }
    return spawns;
}

void TemplateCatalog::noteSpawn(std::string_view buildId, Timestamp when)
{
    for (auto *list : {&m_templates, &m_built, &m_snapshots}) {
        for (Template &entry : *list) {
            if (entry.buildId != buildId)
                continue;
            ++entry.spawnCount;
            entry.lastSpawnedAt = when;
        }
    }
}

namespace {

Json common(const Template &entry)
{
    const std::string created = formatRfc3339(entry.createdAt);
    const Json names = entry.name.empty() ? Json::array() : Json::array({entry.name});
    Json json{{"templateID", entry.id},
              {"public", !entry.isSnapshot},
              {"aliases", names},
              {"names", names},
              {"createdAt", created},
              {"updatedAt", created},
              {"spawnCount", entry.spawnCount},
              {"lastSpawnedAt", nullptr}};
    if (entry.lastSpawnedAt)
        json["lastSpawnedAt"] = formatRfc3339(*entry.lastSpawnedAt);
    return json;
}

} // namespace

Json templateJson(const Template &entry)
{
    Json json = common(entry);
    json.update({{"buildID", entry.buildId},
                 {"cpuCount", entry.limits.vcpuCount},
                 {"memoryMB", entry.limits.memoryMb},
                 {"diskSizeMB", entry.limits.diskMb},
                 {"createdBy", nullptr},
                 {"buildCount", 1},
                 {"envdVersion", kEnvdVersion},
                 {"buildStatus", "ready"}});
    return json;
}

Json templateWithBuildsJson(const Template &entry)
{
    Json json = common(entry);
    const std::string created = formatRfc3339(entry.createdAt);
    json["builds"] = Json::array({{{"buildID", entry.buildId},
                                   {"status", "ready"},
                                   {"createdAt", created},
                                   {"updatedAt", created},
                                   {"finishedAt", created},
                                   {"cpuCount", entry.limits.vcpuCount},
                                   {"memoryMB", entry.limits.memoryMb},
                                   {"diskSizeMB", entry.limits.diskMb},
                                   {"envdVersion", kEnvdVersion}}});
    return json;
}

Json defaultsToJson(const TemplateDefaults &defaults)
{
    return {{"environment", defaults.environment},
            {"user", defaults.user},
            {"directory", defaults.directory},
            {"startCommand", defaults.startCommand},
            {"readyCommand", defaults.readyCommand}};
}

TemplateDefaults defaultsFromJson(const Json &json)
{
    TemplateDefaults defaults;
    for (const auto &[name, value] : memberOr(json, "environment").items()) {
        if (value.is_string())
            defaults.environment[name] = value.get<std::string>();
    }
    defaults.user = stringOr(json, "user", defaults.user);
    defaults.directory = stringOr(json, "directory", defaults.directory);
    defaults.startCommand = stringOr(json, "startCommand");
    defaults.readyCommand = stringOr(json, "readyCommand");
    return defaults;
}

} // namespace sandglass::engine
