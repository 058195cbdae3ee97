#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/database.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace sandglass::lifecycle {

/// When each cold sandbox lived: which of them a moment cuts through, without reading them all. Some 40 bytes each;
/// true as long as the journal's tables are held (Journal::holdTables). Leaves out those with later events (tier 3).
class ColdIndex final
{
public:
    struct Life
    {
        std::int64_t number = 0; ///< in the table `sandboxes`
        Timestamp firstEvent{};
        Timestamp start{}; ///< of whatever came first, events and stretches of running
        Timestamp end{};   ///< of whatever came last
        std::int32_t eventCount = 0;
    };

    /// Reads the whole table: about a second for half a million, not for the UI thread. Error: it cannot be read, or
    /// `isStopped` said so.
    [[nodiscard]] static Result<ColdIndex> load(Database &database, const std::function<bool()> &isStopped);

    [[nodiscard]] std::span<const Life> all() const { return m_lives; } ///< in order of `end`
    /// Those that were over by `time`.
    [[nodiscard]] std::span<const Life> endedBy(Timestamp time) const;

private:
    std::vector<Life> m_lives;
};

} // namespace sandglass::lifecycle
