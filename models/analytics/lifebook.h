#pragma once

#include "services/core/time.h"
#include "services/cost/meter.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandglass::lifecycle {
struct Sandbox;
}

namespace sandglass::models {

/// What statistics need to know of one sandbox.
struct Life
{
    /// Timeout: killed by its own. Failure: lost, or killed for a reason that is neither its timeout nor anybody's
    /// wish. Unknown: killed, and nobody has told why.
    enum class End : std::uint8_t { Lives, Asked, Timeout, Failure, Unknown };

    std::uint64_t idHash = 0;
    std::uint32_t templateIndex = 0; ///< in its book
    std::uint32_t teamIndex = 0;     ///< in its book
    std::uint32_t firstRun = 0, runCount = 0;
    End end = End::Lives;
    bool isKilled = false;
    bool isEarly = false; ///< gone before its planned end without having been asked to
    bool isRunning = false, isPaused = false;
    std::optional<Timestamp> createdAt, endedAt;
};

/// A billed stretch of running.
struct LifeRun
{
    cost::Usage usage; ///< `end` is of no meaning while it is open
    bool isOpen = false;

    /// As the meter wants it: open ones go on until `now`.
    [[nodiscard]] cost::Usage usageAt(Timestamp now) const;
};

/// Lives of many sandboxes, one behind the other in little memory: some 150 bytes each. Not thread-safe; one that is no
/// longer added to can be read from any thread.
class LifeBook final
{
public:
    struct Template
    {
        std::string id;
        std::string name; ///< readable when there is such a name, else the id
    };

    void add(const lifecycle::Sandbox &sandbox);

    [[nodiscard]] const std::vector<Life> &lives() const { return m_lives; }
    [[nodiscard]] std::span<const LifeRun> runsOf(const Life &life) const;
    [[nodiscard]] const std::vector<Template> &templates() const { return m_templates; }
    [[nodiscard]] const std::vector<std::string> &teams() const { return m_teams; } ///< ids; empty: not known
    [[nodiscard]] static std::uint64_t hashOf(const std::string &sandboxId);

private:
    std::vector<Life> m_lives;
    std::vector<LifeRun> m_runs;
    std::vector<Template> m_templates;
    std::unordered_map<std::string, std::uint32_t> m_templateIndices; ///< by id and name
    std::vector<std::string> m_teams;
    std::unordered_map<std::string, std::uint32_t> m_teamIndices;
};

} // namespace sandglass::models
