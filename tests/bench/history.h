#pragma once

#include <filesystem>
#include <string>

namespace sandglass::bench {

/// Puts `eventCount` events into the journal at `file`: half as many sandboxes of the last day, each created and
/// killed. `liveCount` more were created and run: their ids are liveId(), their first execution is called the same.
[[nodiscard]] bool fillJournal(const std::filesystem::path &file, int eventCount, int liveCount = 0);
[[nodiscard]] std::string liveId(int number);

} // namespace sandglass::bench
