#pragma once

#include "services/core/json.h"
#include "services/engine/broker/sandbox.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// What the last steps of a template's build have set: it holds for every sandbox made from it.
struct TemplateDefaults
{
    std::map<std::string, std::string> environment;
    std::string user = "user", directory = "/home/user";
    std::string startCommand; ///< runs in each sandbox from its start on; empty: none
    std::string readyCommand; ///< exits with 0 once what the start command starts can be used

    friend bool operator==(const TemplateDefaults &, const TemplateDefaults &) = default;
};
[[nodiscard]] Json defaultsToJson(const TemplateDefaults &defaults);
[[nodiscard]] TemplateDefaults defaultsFromJson(const Json &json); ///< what is missing or odd stays as it is made

/// What a sandbox can be created from.
struct Template
{
    std::string id;      ///< 20 of [a-z0-9]
    std::string buildId; ///< UUID
    std::string name;    ///< empty for a snapshot without one
    std::string tag = "default";
    bool isSnapshot = false;
    SandboxLimits limits;
    std::vector<std::string> layers;
    TemplateDefaults defaults;
    Timestamp createdAt;
    std::int64_t spawnCount = 0;
    std::optional<Timestamp> lastSpawnedAt;
};

struct SpawnCount
{
    std::int64_t count = 0;
    std::optional<Timestamp> last;
};

/// The built-in templates, those that were built, and the snapshots that sandboxes can be created from like from them.
/// io thread only.
class TemplateCatalog final
{
public:
    TemplateCatalog();

    [[nodiscard]] const std::vector<Template> &all() const { return m_templates; } ///< the built-in ones
    /// One entry for each tag of each template.
    void setBuilt(std::vector<Template> built);
    void setSnapshots(std::vector<Template> snapshots);
    /// By id, name or namespace/name, each optionally with a tag (else "default"); case does not matter. Null when
    /// unknown. Lives until the next change.
    [[nodiscard]] const Template *find(std::string_view reference) const;
    /// Whether `name` is the id or name of a built-in template.
    [[nodiscard]] bool isBuiltIn(std::string_view name) const;
    /// How often sandboxes were made since the engine started, and when last.
    [[nodiscard]] SpawnCount spawns(std::string_view templateId) const;
    void noteSpawn(std::string_view buildId, Timestamp when);

private:
    [[nodiscard]] const Template *find(std::string_view name, std::string_view tag) const;

    static void takeOverCounts(std::vector<Template> &fresh, const std::vector<Template> &former);

    std::vector<Template> m_templates, m_built, m_snapshots;
};

[[nodiscard]] Json templateJson(const Template &entry);
[[nodiscard]] Json templateWithBuildsJson(const Template &entry);

/// What the daemon inside sandboxes is compatible with; SDKs choose their features by it (e2b-protocol 4.7).
inline constexpr const char *kEnvdVersion = "0.6.13";

} // namespace sandglass::engine
