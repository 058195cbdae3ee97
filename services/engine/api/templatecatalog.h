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
    std::string name;
    SandboxLimits limits;
    std::vector<std::string> layers;
    Timestamp createdAt;
    std::int64_t spawnCount = 0;
    std::optional<Timestamp> lastSpawnedAt;
};

/// The built-in templates. io thread only.
class TemplateCatalog final
{
public:
    TemplateCatalog();

    [[nodiscard]] const std::vector<Template> &all() const { return m_templates; }
    /// By id, name or namespace/name, each optionally with ":default"; case does not matter. Null when unknown.
    [[nodiscard]] const Template *find(std::string_view reference) const;
    void noteSpawn(std::string_view id, Timestamp when);

private:
    std::vector<Template> m_templates;
};

[[nodiscard]] Json templateJson(const Template &entry);
[[nodiscard]] Json templateWithBuildsJson(const Template &entry);

/// What the daemon inside sandboxes is compatible with; SDKs choose their features by it (e2b-protocol 4.7).
inline constexpr const char *kEnvdVersion = "0.6.13";

} // namespace sandglass::engine
