#include "services/engine/broker/launch.h"

#include "services/engine/broker/names.h"
#include "services/engine/sandboxd/processlimits.h"
#include "services/engine/sandboxd/wire.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

constexpr std::uint64_t ownNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
constexpr int controlFd = 3;

bool writeFile(const char *path, const std::string &text)
{
    const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
    return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool mapAccount(uid_t outerUser, gid_t outerGroup)
{
    const std::string inside = std::to_string(insideId) + " ";
    return writeFile("/proc/self/setgroups", "deny")
        && writeFile("/proc/self/uid_map", inside + std::to_string(outerUser) + " 1")
        && writeFile("/proc/self/gid_map", inside + std::to_string(outerGroup) + " 1");
}

bool bringLoopbackUp()
{
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return socket && ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

bool redirectStandardStreams()
{
    const UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    return nothing && dup2(nothing.get(), 0) == 0 && dup2(nothing.get(), 1) == 1 && dup2(nothing.get(), 2) == 2;
}

/// The whole way from a fresh clone to the moment before exec. Gives the step that failed, with errno, or null.
const char *becomeSandbox(const LaunchPlan &plan, const SyscallFilter &filter, int control, uid_t user, gid_t group)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); // with the broker
    if (setsid() < 0)
        return "setsid";
    if (!offerToOomKiller())
        return "set the score for the out-of-memory killer";
    if (!mapAccount(user, group))
        return "map the user id";
    if (sethostname(plan.hostname.data(), plan.hostname.size()) != 0)
        return "set the host name";
    if (!bringLoopbackUp())
        return "bring up the loopback";
    UniqueFd writableLayer;
    if (const char *failed = enterRoot(plan.root, writableLayer))
        return failed;
    if (plan.onlyTryRoot)
        return plan.root.mode == RootMode::OverlayInMemory && !canReplaceLowerDirectory() ? "replace a directory"
                                                                                          : nullptr;
    if (writableLayer && !wire::send(control, {{"event", "layer"}}, {writableLayer.get()}))
        return "hand out the writable layer";
    writableLayer.reset(); // what runs in the sandbox must not reach it
    if (!redirectStandardStreams())
        return "redirect the standard streams";
    if (!dropCapabilities())
        return "drop capabilities";
    return filter.install() ? nullptr : "install the system call filter";
}

[[noreturn]] void runChild(const LaunchPlan &plan, const SyscallFilter &filter, int daemonFd, int control, uid_t user,
                           gid_t group)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const char *failed = becomeSandbox(plan, filter, control, user, group);
    if (failed == nullptr && plan.onlyTryRoot) {
        (void)wire::send(control, {{"event", "ready"}});
        _exit(0);
    }
    if (failed == nullptr) {
        // The two descriptors that stay: the socket on its number, and the program to run.
        const int program = fcntl(daemonFd, F_DUPFD_CLOEXEC, 10);
        control = fcntl(control, F_DUPFD_CLOEXEC, 10);
        if (dup2(control, controlFd) == controlFd) {
            close_range(controlFd + 1U, ~0U, CLOSE_RANGE_CLOEXEC);
            std::array<char, 18> name{"sandglass-sandbox"};
            std::array<char *, 2> arguments{name.data(), nullptr};
            std::array<char *, 1> environment{nullptr};
            syscall(SYS_execveat, program, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
        }
        failed = "start sandglass-sandboxd";
    }
    (void)wire::send(control, {{"event", "failed"}, {"step", failed}, {"error", std::strerror(errno)}});
    _exit(1);
}

} // namespace

Result<Launched> launch(const LaunchPlan &plan, const SyscallFilter &filter, int daemonFd)
{
    Launched launched;
    UniqueFd theirs;
    if (!wire::socketPair(launched.control, theirs) || !wire::send(launched.control.get(), plan.limits.toJson()))
        return failure(Error::Kind::Local, std::string("control socket: ") + std::strerror(errno), 0, "unavailable");
    const uid_t user = geteuid();
    const gid_t group = getegid();
    int pidFd = -1;
    clone_args arguments{};
    arguments.flags = ownNamespaces | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidFd);
    arguments.exit_signal = SIGCHLD;
    const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0)
        return failure(Error::Kind::Local, std::string("make namespaces: ") + std::strerror(errno), 0,
                       errno == EAGAIN || errno == ENOMEM || errno == ENOSPC ? "resource_exhausted" : "unavailable");
    if (pid == 0)
        runChild(plan, filter, daemonFd, theirs.get(), user, group);
    launched.pid = static_cast<pid_t>(pid);
    launched.pidFd.reset(pidFd);
    return launched;
}

} // namespace sandglass::engine
