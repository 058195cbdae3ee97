#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/database.h"
#include "services/lifecycle/journal.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sandglass::lifecycle {

/// Events that no sandbox's record keeps, runs of code and types that this version does not know: where they stand in
/// time. For a reading connection, used by one thread. Holds 8 bytes of each, and 16 more of those that can be
/// shown.
class OtherEvents final
{
public:
    explicit OtherEvents(Database &database, std::size_t mostShown = 100'000);

    /// Reads what has come since; the first time the types of all events, half a second for a million. Error: the
    /// journal cannot be read, or `isStopped` said so.
    [[nodiscard]] Result<> follow(const std::function<bool()> &isStopped);
    [[nodiscard]] std::int64_t countUntil(Timestamp moment) const;
    [[nodiscard]] std::span<const Timestamp> timesBetween(Timestamp after, Timestamp until) const; ///< ascending
    /// Of the last `mostShown`, newest first by their own times, at most `limit`. What cannot be read is missing.
    [[nodiscard]] std::vector<StoredEvent> newestUntil(Timestamp moment, std::size_t limit);

private:
    using Place = std::pair<Timestamp, std::int64_t>; ///< time, seq
    void keep(std::vector<Place> fresh);

    Database &m_database;
    const std::size_t m_mostShown;
    Statement m_newer, m_bySeq;
    std::vector<Timestamp> m_times; ///< of all, ascending
    std::vector<Place> m_places;    ///< of the last ones, ascending
    std::int64_t m_reached = 0;
};

} // namespace sandglass::lifecycle
