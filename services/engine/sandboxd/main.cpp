#include "services/engine/sandboxd/daemon.h"
#include "services/engine/sandboxd/wire.h"

#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

using namespace sandglass;
using namespace sandglass::engine;

/// Pid 1 of a sandbox. Started by the broker with the control socket on descriptor 3, where namespaces nest with root's
/// user namespace on 4, and nothing else.
int main()
{
    // Same account as the code in the sandbox, so without this any of it could open /proc/1/mem or its descriptors.
    prctl(PR_SET_DUMPABLE, 0);
    umask(022);
    // What the engine's own parent ignores is inherited: a shell that starts a program in the background has it ignore
    // SIGINT and SIGQUIT, and Ctrl+C would do nothing in the sandbox's terminals.
    for (int number = 1; number < NSIG; ++number)
        std::signal(number, SIG_DFL);
    std::signal(SIGPIPE, SIG_IGN);
    UniqueFd control(3);
    UniqueFd rootSpace(fcntl(4, F_SETFD, FD_CLOEXEC) == 0 ? 4 : -1);
    wire::Incoming limits = wire::receive(control.get());
    Rights rights(limits.takeFd(0), limits.takeFd(1), std::move(rootSpace));
    if (limits.state != wire::Incoming::State::Message || !rights.isComplete())
        return 1;
    return Daemon(std::move(control), DaemonLimits::fromJson(limits.body), std::move(rights)).run();
}
