#pragma once

#include "services/core/result.h"
#include "services/lifecycle/database.h"
#include "services/lifecycle/journal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace sandglass::lifecycle {

/// Events of a sandbox by the hash of their id, which is what its record keeps of them. For a reading connection, used
/// by one thread. The newest hashes are in no table yet (eventids.h): those are kept here, some 40 bytes each.
class EventLookup final
{
public:
    explicit EventLookup(Database &database);

    /// Reads the hashes that have come since. Error: they cannot be read.
    [[nodiscard]] Result<> follow();
    /// Empty when the journal does not hold it (any more), or when its row is damaged.
    [[nodiscard]] std::optional<StoredEvent> find(const std::string &sandboxId, std::uint64_t idHash);

private:
    [[nodiscard]] std::optional<StoredEvent> first(Statement &select);

    Database &m_database;
    Statement m_position, m_newer, m_byHash, m_bySeq;
    std::unordered_multimap<std::int64_t, std::int64_t> m_newest; ///< hash -> seq
    std::int64_t m_reached = 0;
    std::size_t m_pruneAt = 0;
};

} // namespace sandglass::lifecycle
