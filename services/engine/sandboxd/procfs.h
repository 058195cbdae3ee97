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
    std::int64_t bytes = 0; ///< resident, or its share of it
};

/// Every process of this pid namespace but pid 1, with its resident memory: quick, and never too little.
[[nodiscard]] std::vector<ProcessSample> sampleProcesses();

/// Counts memory that several processes share once in all, a share for each: forked kernels share most of theirs with
/// the fork-server. Takes about a millisecond for each 50 MB, so for when it matters. A process that may not be looked
/// into keeps its resident memory.
void countShares(std::vector<ProcessSample> &samples);

/// Clock ticks used by every living process and by all the reaped ones: grows only.
[[nodiscard]] std::int64_t cpuTicksOfNamespace();

/// Empty when the process is gone.
[[nodiscard]] std::optional<pid_t> parentOf(pid_t pid);

} // namespace sandglass::engine
