#pragma once

#include "services/core/uniquefd.h"
#include "services/engine/broker/volumemount.h"

#include <string>
#include <vector>

namespace sandglass::engine {

enum class RootMode {
    OverlayInMemory, ///< writable layer on a tmpfs of bounded size
    OverlayOnDisk,   ///< tmpfs without user xattrs (Linux before 6.6): writable layer beside the layers, not bounded
    ReadOnly,        ///< no overlay for users: template read-only, home and temporary folders in memory
};

struct RootPlan
{
    RootMode mode = RootMode::OverlayInMemory;
    std::string directory;           ///< scratch of this sandbox, relative to the working directory
    std::vector<std::string> layers; ///< directories, lowest first
    int diskMb = 1024;
    int sharedMemoryMb = 128;
    std::vector<VolumePlan> volumes = {};
    bool hasOwnSystem = false; ///< the layers hold all programs: nothing of the host's /usr is mounted
};

/// Mounts a root in the calling process's own user and mount namespaces and makes it "/"; nothing of the old root stays
/// reachable but by `writableLayer`, which is the overlay's upper directory where there is one. Gives the step that
/// failed, with errno, or null.
[[nodiscard]] const char *enterRoot(const RootPlan &plan, UniqueFd &writableLayer);

/// The same for a fork-server: the plan's layers alone, all read-only but /tmp, without a /proc. `mode` does not count.
[[nodiscard]] const char *enterTemplate(const RootPlan &plan);

/// Whether directories of a lower layer can be replaced in this root: false with tmpfs uppers before Linux 6.6.
[[nodiscard]] bool canReplaceLowerDirectory();

} // namespace sandglass::engine
