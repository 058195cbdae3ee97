#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sandglass::engine {

struct ProcessSample
{
    pid_t pid = 0;
    std::int64_t rssBytes = 0;
};

/// Every process of this pid namespace but pid 1, with its resident memory.
[[nodiscard]] std::vector<ProcessSample> sampleProcesses();

/// Clock ticks used by every living process and by all the reaped ones: grows only.
[[nodiscard]] std::int64_t cpuTicksOfNamespace();

/// Empty when the process is gone.
[[nodiscard]] std::optional<pid_t> parentOf(pid_t pid);

} // namespace sandglass::engine
