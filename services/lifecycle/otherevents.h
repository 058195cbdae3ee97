#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/database.h"
#include "services/lifecycle/journal.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace sandglass::lifecycle {

/// Events that no sandbox's record keeps, because this version does not know their type: where they stand in time. For
/// a reading connection, used by one thread. Holds the last 100,000 of them, 16 bytes each.
class OtherEvents final
{
public:
    explicit OtherEvents(Database &database);

    /// Reads what has come since; the first time the types of all events, half a second for a million. Error: the
    /// journal cannot be read, or `isStopped` said so.
    [[nodiscard]] Result<> follow(const std::function<bool()> &isStopped);
    [[nodiscard]] std::int64_t countUntil(Timestamp moment) const;
    /// Newest first by their own times, at most `limit`. What cannot be read is missing.
    [[nodiscard]] std::vector<StoredEvent> newestUntil(Timestamp moment, std::size_t limit);

private:
    using Place = std::pair<Timestamp, std::int64_t>; ///< time, seq
    void trim();

    Database &m_database;
    Statement m_newer, m_bySeq;
    std::vector<Place> m_places; ///< ascending
    std::int64_t m_reached = 0;
};

} // namespace sandglass::lifecycle
