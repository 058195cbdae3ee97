#pragma once

#include "services/core/result.h"

#include <atomic>
#include <cstdint>
#include <string>

namespace sandglass::engine {

/// What a copy may take at most: its source was written by whatever ran in the sandbox.
struct LayerLimits
{
    std::int64_t bytes = 1LL << 30; ///< of file content; holes do not count
    std::int64_t entries = 1'000'000;
    int depth = 128; ///< of nested folders
};

struct LayerSize
{
    std::int64_t bytes = 0;
    std::int64_t entries = 0;
};

/// Copies an overlay's upper directory (mounted with userxattr) so that the copy can serve as a lower layer: files with
/// their holes and hard links, folders, symbolic links, pipes, whiteouts and opaque folders, with modes, times and user
/// attributes; sockets and devices are left out. No symbolic link is followed. Nobody may change the source meanwhile.
/// `target` must not exist; half of a copy is left to the caller to remove. Started by root it keeps owners. On disk
/// when it comes back. Error: resource_exhausted above a limit or on a full disk, cancelled.
[[nodiscard]] Result<LayerSize> copyLayer(int upperFd, const std::string &target, const LayerLimits &limits,
                                          const std::atomic<bool> &isCancelled);

} // namespace sandglass::engine
