#include "services/engine/broker/launch.h"

#include "services/engine/broker/names.h"
#include "services/engine/sandboxd/processlimits.h"
#include "services/engine/sandboxd/rights.h"
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

constexpr std::uint64_t ownNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
constexpr int controlFd = 3;
constexpr int rootSpaceFd = 4;

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

int waitForever(void *)
{
    for (;;)
        pause();
}

/// A user namespace below the sandbox's own, in which its account has number 0. Needs /proc. Nothing where namespaces
/// do not nest so deep: then there is no root in the sandbox.
UniqueFd makeRootSpace(int maxProcesses)
{
    // The namespace keeps the limit of who makes it: root's processes count together with all others.
    rlimit before{};
    getrlimit(RLIMIT_NPROC, &before);
    const rlimit bounded{std::min(static_cast<rlim_t>(maxProcesses), before.rlim_max), before.rlim_max};
    setrlimit(RLIMIT_NPROC, &bounded);
    alignas(16) std::array<char, 16384> stack{}; // the memory is shared: a copy would cost more than all the rest
    const pid_t holder = clone(waitForever, stack.data() + stack.size(), CLONE_NEWUSER | CLONE_VM | SIGCHLD, nullptr);
    setrlimit(RLIMIT_NPROC, &before);
    if (holder < 0)
        return {};
    const std::string process = "/proc/" + std::to_string(holder);
    const std::string map = "0 " + std::to_string(insideId) + " 1";
    UniqueFd space;
    if (writeFile((process + "/uid_map").c_str(), map) && writeFile((process + "/gid_map").c_str(), map))
        space.reset(open((process + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);
    return space;
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
const char *becomeSandbox(const LaunchPlan &plan, const SyscallFilter &filter, int control, uid_t user, gid_t group,
                          UniqueFd &rootSpace)
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
    rootSpace = makeRootSpace(plan.limits.maxProcesses);
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
    UniqueFd rootSpace;
    const char *failed = becomeSandbox(plan, filter, control, user, group, rootSpace);
    if (failed == nullptr && plan.onlyTryRoot) {
        (void)wire::send(control, {{"event", "ready"}});
        _exit(0);
    }
    if (failed == nullptr) {
        // What stays: the socket and root's namespace on their numbers, and the program to run.
        const int program = fcntl(daemonFd, F_DUPFD_CLOEXEC, 10);
        control = fcntl(control, F_DUPFD_CLOEXEC, 10);
        rootSpace.reset(rootSpace ? fcntl(rootSpace.get(), F_DUPFD_CLOEXEC, 10) : -1);
        if (dup2(control, controlFd) == controlFd) {
            close_range(controlFd + 1U, ~0U, CLOSE_RANGE_CLOEXEC);
            if (rootSpace)
                dup2(rootSpace.get(), rootSpaceFd);
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

Result<Launched> launch(const LaunchPlan &plan, const SandboxFilters &filters, int daemonFd)
{
    Launched launched;
    UniqueFd theirs;
    if (!wire::socketPair(launched.control, theirs)
        || !wire::send(launched.control.get(), plan.limits.toJson(),
                       {filters.programs.get(), filters.rootPrograms.get()}))
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
        runChild(plan, filters.daemon, daemonFd, theirs.get(), user, group);
    launched.pid = static_cast<pid_t>(pid);
    launched.pidFd.reset(pidFd);
    return launched;
}

} // namespace sandglass::engine
