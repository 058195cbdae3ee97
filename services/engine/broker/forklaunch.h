#pragma once

#include "services/core/result.h"
#include "services/core/uniquefd.h"
#include "services/engine/broker/lockdown.h"
#include "services/engine/broker/rootfs.h"

#include <sys/types.h>

namespace sandglass::engine {

struct LaunchedForkServer
{
    pid_t pid = 0;
    UniqueFd pidFd;
    UniqueFd control; ///< our end of its control socket, non-blocking
    UniqueFd errors;  ///< what it writes to standard error, non-blocking
};

/// Starts resources/kernels/fork_server.py in a read-only root of the template (`plan`: its scratch directory must
/// exist), without network or a /proc and with CAP_SYS_ADMIN alone, in the caller's user and pid namespaces. Returns at
/// once; when it cannot start it says why on standard error and ends. The caller must be single-threaded and have all
/// capabilities in its user namespace, as nest() gives them.
[[nodiscard]] Result<LaunchedForkServer> launchForkServer(const RootPlan &plan, const SyscallFilter &filter);

} // namespace sandglass::engine
