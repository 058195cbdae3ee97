#include "services/engine/broker/forklaunch.h"

#include "services/engine/kernels/pythonenvironment.h"
#include "services/engine/sandboxd/processlimits.h"
#include "services/engine/sandboxd/wire.h"
#include "services/engine/templates/runnerscript.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace sandglass::engine {
namespace {

constexpr int controlFd = 3;
constexpr std::string_view hostName = "sandbox"; // libraries that keep the name must not tell the host's

const char *lockIn(const RootPlan &plan, const SyscallFilter &filter)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); // with the broker
    if (setsid() < 0)
        return "setsid";
    if (!offerToOomKiller())
        return "set the score for the out-of-memory killer";
    if (sethostname(hostName.data(), hostName.size()) != 0)
        return "set the host name";
    if (const char *failed = enterTemplate(plan))
        return failed;
    if (!keepAdministration())
        return "drop capabilities";
    return filter.install() ? nullptr : "install the system call filter";
}

void becomePython()
{
    std::vector<std::string> texts;
    for (const auto &[name, value] : pythonEnvironment())
        texts.push_back(name + "=" + value);
    std::vector<char *> environment;
    for (std::string &text : texts)
        environment.push_back(text.data());
    environment.push_back(nullptr);
    std::array<std::string, 3> words{pythonProgram, "-u", forkServerPath};
    std::array<char *, 4> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
    execve(pythonProgram, arguments.data(), environment.data());
}

[[noreturn]] void runChild(const RootPlan &plan, const SyscallFilter &filter, int control, int errors)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const char *failed = lockIn(plan, filter);
    control = fcntl(control, F_DUPFD_CLOEXEC, 10);
    errors = fcntl(errors, F_DUPFD_CLOEXEC, 10);
    const UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    const bool placed = dup2(nothing.get(), 0) == 0 && dup2(nothing.get(), 1) == 1 && dup2(errors, 2) == 2
        && dup2(control, controlFd) == controlFd && close_range(controlFd + 1U, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
    if (failed == nullptr && placed) {
        becomePython();
        failed = pythonProgram;
    }
    dprintf(2, "%s: %s\n", failed != nullptr ? failed : "standard streams", std::strerror(errno));
    _exit(1);
}

} // namespace

Result<LaunchedForkServer> launchForkServer(const RootPlan &plan, const SyscallFilter &filter)
{
    const auto cannot = [](const char *what) {
        return failure(Error::Kind::Local, std::string(what) + ": " + std::strerror(errno), 0, "unavailable");
    };
    LaunchedForkServer launched;
    UniqueFd theirs;
    std::array<int, 2> ends{-1, -1};
    if (!wire::socketPair(launched.control, theirs) || pipe2(ends.data(), O_CLOEXEC) != 0)
        return cannot("sockets of the fork-server");
    launched.errors.reset(ends[0]);
    const UniqueFd errors(ends[1]);
    for (const int fd : {launched.control.get(), launched.errors.get()})
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    int pidFd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidFd);
    arguments.exit_signal = SIGCHLD;
    const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0)
        return cannot("start the fork-server");
    if (pid == 0)
        runChild(plan, filter, theirs.get(), errors.get());
    launched.pid = static_cast<pid_t>(pid);
    launched.pidFd.reset(pidFd);
    return launched;
}

} // namespace sandglass::engine
