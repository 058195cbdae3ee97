#pragma once

#include <filesystem>

namespace sandglass::bench {

/// Puts `eventCount` events into the journal at `file`: half as many sandboxes of the last day, each created and
/// killed.
[[nodiscard]] bool fillJournal(const std::filesystem::path &file, int eventCount);

} // namespace sandglass::bench
