#include "services/engine/sandboxd/daemon.h"
#include "services/engine/sandboxd/wire.h"

#include <csignal>
#include <sys/prctl.h>
#include <sys/stat.h>

using namespace sandglass;
using namespace sandglass::engine;

/// Pid 1 of a sandbox. Started by the broker with the control socket on descriptor 3 and nothing else.
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
    const wire::Incoming limits = wire::receive(control.get());
    if (limits.state != wire::Incoming::State::Message)
        return 1;
    return Daemon(std::move(control), DaemonLimits::fromJson(limits.body)).run();
}
