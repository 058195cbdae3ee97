#pragma once

#include "services/core/time.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace sandglass::lifecycle {

/// One event of a sandbox's record (Fold::record): enough to find it in the journal.
struct EventMark
{
    Timestamp time{}; ///< its own, not before 1970
    std::uint64_t idHash = 0;
};

/// Appends the record's events, in order of time. Takes a fraction of what Fold::adopt() does. False for damaged bytes.
[[nodiscard]] bool appendMarks(std::string_view record, std::vector<EventMark> &marks);

} // namespace sandglass::lifecycle
