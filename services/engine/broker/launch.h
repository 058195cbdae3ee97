#pragma once

#include "services/core/result.h"
#include "services/core/uniquefd.h"
#include "services/engine/broker/lockdown.h"
#include "services/engine/broker/rootfs.h"
#include "services/engine/sandboxd/limits.h"

#include <string>
#include <sys/types.h>

namespace sandglass::engine {

struct LaunchPlan
{
    RootPlan root;
    DaemonLimits limits;
    std::string hostname;
    bool onlyTryRoot = false; ///< probe: end after the root is made and tested, without starting the daemon
};

struct SandboxFilters
{
    SyscallFilter daemon;
    UniqueFd programs;     ///< SyscallFilter::toFile(): the daemon installs it in all that it starts
    UniqueFd rootPrograms; ///< the same for what it starts as root
};

struct Launched
{
    pid_t pid = 0;    ///< in the broker's pid namespace
    UniqueFd pidFd;   ///< readable when pid 1 has ended
    UniqueFd control; ///< our end of the daemon's control socket
};

/// Clones a process into namespaces of its own and lets it become the sandbox's daemon. Returns at once: the daemon
/// says
/// {"event": "ready"}, or the child {"event": "failed", "step", "error"}, on the control socket.
/// The caller must be single-threaded.
[[nodiscard]] Result<Launched> launch(const LaunchPlan &plan, const SandboxFilters &filters, int daemonFd);

} // namespace sandglass::engine
