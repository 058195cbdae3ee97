#pragma once

#include "services/core/json.h"
#include "services/engine/broker/sandbox.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

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
    Timestamp createdAt;
    std::int64_t spawnCount = 0;
    std::optional<Timestamp> lastSpawnedAt;
};

/// The built-in templates, and the snapshots that sandboxes can be created from like from them. io thread only.
class TemplateCatalog final
{
public:
    TemplateCatalog();

    [[nodiscard]] const std::vector<Template> &all() const { return m_templates; } ///< without snapshots
    void setSnapshots(std::vector<Template> snapshots);
    /// By id, name or namespace/name, each optionally with a tag (else "default"); case does not matter. Null when
    /// unknown. Lives until the next change.
    [[nodiscard]] const Template *find(std::string_view reference) const;
    void noteSpawn(std::string_view buildId, Timestamp when);

private:
    [[nodiscard]] const Template *find(std::string_view name, std::string_view tag) const;

    std::vector<Template> m_templates, m_snapshots;
};

[[nodiscard]] Json templateJson(const Template &entry);
[[nodiscard]] Json templateWithBuildsJson(const Template &entry);

/// What the daemon inside sandboxes is compatible with; SDKs choose their features by it (e2b-protocol 4.7).
inline constexpr const char *kEnvdVersion = "0.6.13";

} // namespace sandglass::engine
