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
    if (const auto colon = wanted.find(':'); colon != std::string::npos) {
        if (wanted.substr(colon + 1) != "default")
            return nullptr;
        wanted.resize(colon);
    }
    if (const auto slash = wanted.find('/'); slash != std::string::npos)
        wanted.erase(0, slash + 1);
    const auto it = std::find_if(m_templates.begin(), m_templates.end(),
                                 [&](const Template &t) { return t.id == wanted || t.name == wanted; });
    return it != m_templates.end() ? &*it : nullptr;
}

void TemplateCatalog::noteSpawn(std::string_view id, Timestamp when)
{
    for (Template &entry : m_templates) {
        if (entry.id != id)
            continue;
        ++entry.spawnCount;
        entry.lastSpawnedAt = when;
    }
}

namespace {

Json common(const Template &entry)
{
    const std::string created = formatRfc3339(entry.createdAt);
    Json json{{"templateID", entry.id},
              {"public", true},
              {"aliases", Json::array({entry.name})},
              {"names", Json::array({entry.name})},
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

} // namespace sandglass::engine
