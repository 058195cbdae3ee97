#pragma once

#include "services/engine/api/sandboxlog.h"
#include "services/engine/api/sqlite.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

struct BuildLogEntry
{
    Timestamp timestamp;
    LogLevel level = LogLevel::Info;
    std::string message, step; ///< step: "base", "1" …, "finalize", or empty
};
[[nodiscard]] Json buildLogJson(const BuildLogEntry &entry);

struct BuildLogQuery
{
    std::int64_t offset = 0; ///< entries of the asked level and above that are left out, the oldest first
    std::size_t limit = 100;
    LogLevel least = LogLevel::Debug;
    std::optional<std::int64_t> cursorMs; ///< forward: from then on; backward: up to then. Both include it.
    bool forward = true;
};
/// Of GET .../status (logsOffset, limit, level) and GET .../logs (cursor, limit, direction, level). Error 400.
[[nodiscard]] Result<BuildLogQuery> parseBuildLogQuery(std::string_view query);

/// What builds wrote, in the engine's database. Bounded: of one build 20,000 entries of 8 KiB each and 16 MiB; an entry
/// says where it was cut. io thread only.
class BuildLogs final
{
public:
    [[nodiscard]] static Result<std::unique_ptr<BuildLogs>> open(std::shared_ptr<Database> database);

    void add(const std::string &buildId, std::vector<BuildLogEntry> entries);
    /// Only errors are taken any more.
    [[nodiscard]] bool isFull(const std::string &buildId) const;
    [[nodiscard]] std::vector<BuildLogEntry> select(const std::string &buildId, const BuildLogQuery &query) const;
    /// The last entries of one step, the oldest first.
    [[nodiscard]] std::vector<BuildLogEntry> ofStep(const std::string &buildId, const std::string &step,
                                                    std::size_t limit) const;

private:
    struct Kept
    {
        std::int64_t entries = 0, bytes = 0;
    };

    explicit BuildLogs(std::shared_ptr<Database> database) : m_database(std::move(database)) {}
    [[nodiscard]] bool insert(const std::string &buildId, Kept &kept, const BuildLogEntry &entry);

    std::shared_ptr<Database> m_database;
    std::map<std::string, Kept> m_kept; ///< of builds of this run of the engine
};

} // namespace sandglass::engine
