#pragma once

#include "services/engine/api/lifecyclerecord.h"
#include "services/engine/api/sqlite.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::engine {

/// What has to be known of a sandbox to write its killed event after the engine itself died.
struct SandboxTrace
{
    std::string sandboxId, executionId, templateId, buildId;
    bool paused = false;
    ExecutionSpan execution; ///< of the running stretch; milliseconds unused
    std::map<std::string, std::string> metadata;
    Timestamp lastSeen;
};

/// Lifecycle events and the sandboxes that live, in the engine's database. Together with an event the deliveries it
/// owes are put into the outbox, in one transaction. io thread only.
class EventStore final
{
public:
    /// Makes the tables when they are missing.
    [[nodiscard]] static Result<std::unique_ptr<EventStore>> open(std::shared_ptr<Database> database);

    [[nodiscard]] const std::string &teamId() const { return m_teamId; }

    /// Writes the event and what is left of the sandbox after it: `trace` = it lives on, none = it is gone.
    [[nodiscard]] Result<> append(const LifecycleRecord &record, const std::optional<SandboxTrace> &trace);
    /// So that an orphan's execution time is known to a few seconds.
    void touchSandboxes(Timestamp now);
    [[nodiscard]] std::vector<SandboxTrace> traces();

    struct Query
    {
        std::string sandboxId; ///< empty = all
        std::vector<std::string> types;
        int offset = 0, limit = 10;
        bool ascending = false;
    };
    [[nodiscard]] std::vector<LifecycleRecord> events(const Query &query);
    void prune(Timestamp before);

private:
    explicit EventStore(std::shared_ptr<Database> database) : m_database(std::move(database)) {}
    [[nodiscard]] bool insertEvent(const LifecycleRecord &record);
    [[nodiscard]] bool oweDeliveries(const LifecycleRecord &record);
    [[nodiscard]] bool saveTrace(const std::string &sandboxId, const std::optional<SandboxTrace> &trace);

    std::shared_ptr<Database> m_database;
    std::string m_teamId;
};

} // namespace sandglass::engine
