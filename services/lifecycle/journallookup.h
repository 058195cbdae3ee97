#pragma once

#include "services/core/result.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sandglass::lifecycle {

class Journal;

/// Number of the event with that id; empty when the journal does not hold it (any more). Own read connection, any
/// thread. Error: the journal cannot be read.
[[nodiscard]] Result<std::optional<std::int64_t>> seqOf(const Journal &journal, std::string_view eventId);

} // namespace sandglass::lifecycle
