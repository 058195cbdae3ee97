#pragma once

#include "services/core/json.h"
#include "services/core/uniquefd.h"
#include "services/engine/sandboxd/limits.h"
#include "services/engine/sandboxd/rights.h"

#include <sys/types.h>

namespace sandglass::engine {

/// A started child and our ends of its descriptors, non-blocking, in the order of `names`.
struct Spawned
{
    pid_t pid = 0;
    std::vector<std::string> names; ///< of "stdin", "stdout", "stderr", "pty", "channel"
    std::vector<UniqueFd> fds;
};

/// Starts the command of a "spawn" request in a session of its own, with the sandbox's limits. A command that does not
/// exist still starts: it says so on its stderr and ends with 127, as from a shell.
[[nodiscard]] Result<Spawned> spawnChild(const Json &request, const DaemonLimits &limits, const Rights &rights);

} // namespace sandglass::engine
