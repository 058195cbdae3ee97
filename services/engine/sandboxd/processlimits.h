#pragma once

#include "services/engine/sandboxd/limits.h"

#include <sys/resource.h>
#include <utility>
#include <vector>

namespace sandglass::engine {

/// What holds for every process of a sandbox, whether its daemon starts it or a fork-server does.
inline constexpr int sandboxNiceness = 5; ///< the engine and the desktop stay ahead of any sandbox

/// RLIMIT_… and its value, soft and hard.
[[nodiscard]] std::vector<std::pair<int, rlim_t>> processLimits(const DaemonLimits &limits);
/// The processors that a sandbox's processes may use, out of those of the calling process. Empty: all.
[[nodiscard]] std::vector<int> processorsFor(const DaemonLimits &limits);

/// Has the kernel's own out-of-memory killer look here first, for the calling process and all it starts. Before a
/// program that is not dumpable: what such a one forks may not write there. False with errno.
[[nodiscard]] bool offerToOomKiller();

} // namespace sandglass::engine
