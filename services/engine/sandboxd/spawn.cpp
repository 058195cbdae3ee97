#include "services/engine/sandboxd/spawn.h"

#include "services/core/pipe.h"
#include "services/engine/sandboxd/files.h"
#include "services/engine/sandboxd/processlimits.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

namespace sandglass::engine {
namespace {

constexpr int channelFd = 3;

/// The child's end and ours of one descriptor.
struct Line
{
    const char *name;
    int target;
    UniqueFd theirs, ours;
};

bool makePty(const Json &size, UniqueFd &master, UniqueFd &slave)
{
    master.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!master || grantpt(master.get()) != 0 || unlockpt(master.get()) != 0)
        return false;
    std::array<char, 64> name{};
    if (ptsname_r(master.get(), name.data(), name.size()) != 0)
        return false;
    slave.reset(open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    winsize window{};
    window.ws_col = static_cast<unsigned short>(std::clamp<std::int64_t>(intOr(size, "columns", 80), 1, 10'000));
    window.ws_row = static_cast<unsigned short>(std::clamp<std::int64_t>(intOr(size, "rows", 24), 1, 10'000));
    return slave && ioctl(master.get(), TIOCSWINSZ, &window) == 0;
}

bool addPipe(std::vector<Line> &lines, const char *name, int target)
{
    Line line{name, target, {}, {}};
    const bool made = target == 0 ? makePipe(line.theirs, line.ours) : makePipe(line.ours, line.theirs);
    lines.push_back(std::move(line));
    return made;
}

bool makeLines(const Json &request, std::vector<Line> &lines)
{
    const Json &pty = memberOr(request, "pty");
    if (pty.is_object()) {
        Line line{"pty", 0, {}, {}};
        const bool made = makePty(pty, line.ours, line.theirs);
        lines.push_back(std::move(line));
        if (!made)
            return false;
    } else {
        if (boolOr(request, "stdin") && !addPipe(lines, "stdin", 0))
            return false;
        if (!addPipe(lines, "stdout", 1) || !addPipe(lines, "stderr", 2))
            return false;
    }
    if (boolOr(request, "channel")) {
        std::array<int, 2> ends{-1, -1};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
            return false;
        lines.push_back({"channel", channelFd, UniqueFd(ends[0]), UniqueFd(ends[1])});
    }
    for (const Line &line : lines)
        fcntl(line.ours.get(), F_SETFL, fcntl(line.ours.get(), F_GETFL) | O_NONBLOCK);
    return true;
}

void limit(int resource, rlim_t value)
{
    // getrlimit() takes an enumeration in C++.
    const auto which = static_cast<decltype(RLIMIT_DATA)>(resource);
    rlimit now{};
    getrlimit(which, &now);
    const rlim_t allowed = std::min(value, now.rlim_max);
    const rlimit both{allowed, allowed};
    setrlimit(which, &both);
}

cpu_set_t setOf(const std::vector<int> &processors)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : processors)
        CPU_SET(cpu, &set);
    return set;
}

std::vector<char *> pointersTo(std::vector<std::string> &texts)
{
    std::vector<char *> all;
    for (std::string &text : texts)
        all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

/// All that the child needs, made before the fork: every page that either side writes after it is copied first.
struct Program
{
    Program(const Json &request, std::string where, const DaemonLimits &bounds);
    Program(const Program &) = delete;
    Program &operator=(const Program &) = delete;

    std::string directory;
    bool isRoots, hasChannel;
    std::vector<std::string> texts, variables;
    std::vector<char *> arguments, environment; ///< point into those
    std::vector<std::pair<int, rlim_t>> limits;
    cpu_set_t processors;
};

bool isRoot(const Json &request)
{
    return files::accountOf(stringOr(request, "user")) == files::Account::Root;
}

Program::Program(const Json &request, std::string where, const DaemonLimits &bounds)
    : directory(std::move(where))
    , isRoots(isRoot(request))
    , hasChannel(boolOr(request, "channel"))
    , texts{stringOr(request, "command")}
    , limits(processLimits(bounds))
    , processors(setOf(processorsFor(bounds)))
{
    for (const Json &argument : memberOr(request, "arguments"))
        texts.push_back(argument.is_string() ? argument.get<std::string>() : std::string());
    for (const auto &[name, value] : memberOr(request, "environment").items())
        variables.push_back(name + "=" + (value.is_string() ? value.get<std::string>() : std::string()));
    arguments = pointersTo(texts);
    environment = pointersTo(variables);
}

void applyLimits(const Program &program)
{
    for (const auto &[resource, value] : program.limits)
        limit(resource, value);
    errno = 0;
    if (nice(sandboxNiceness) == -1 && errno != 0)
        std::perror("nice");
    if (CPU_COUNT(&program.processors) > 0)
        sched_setaffinity(0, sizeof program.processors, &program.processors);
}

/// Puts the child's ends on their numbers; all sources are first moved out of the way of the targets.
void placeLines(std::vector<Line> &lines)
{
    for (Line &line : lines)
        line.theirs.reset(fcntl(line.theirs.get(), F_DUPFD_CLOEXEC, 64));
    bool haveInput = false;
    for (const Line &line : lines) {
        const bool pty = std::strcmp(line.name, "pty") == 0;
        if (pty)
            ioctl(line.theirs.get(), TIOCSCTTY, 0);
        for (int target = line.target; target <= (pty ? 2 : line.target); ++target)
            dup2(line.theirs.get(), target);
        haveInput = haveInput || line.target == 0;
    }
    if (!haveInput) {
        const UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
        dup2(nothing.get(), 0);
    }
}

/// As a shell tells it.
[[noreturn]] void endWithout(const char *command, int error)
{
    const bool isMissing = error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
    dprintf(2, "%s: %s\n", command, error == ENOENT ? "command not found" : std::strerror(error));
    _exit(isMissing ? 127 : 126);
}

[[noreturn]] void runChild(Program &program, std::vector<Line> &lines, const Rights &rights)
{
    setsid();
    placeLines(lines);
    if (program.isRoots && !rights.becomeRoot()) {
        dprintf(2, "root: %s\n", std::strerror(errno));
        _exit(126);
    }
    close_range(program.hasChannel ? channelFd + 1U : channelFd, ~0U, 0);

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    applyLimits(program);
    if (chdir(program.directory.c_str()) != 0) {
        dprintf(2, "%s: %s\n", program.directory.c_str(), std::strerror(errno));
        _exit(126);
    }
    environ = program.environment.data(); // execvp looks in the child's own PATH
    const char *command = program.texts.front().c_str();
    if (rights.confine(program.isRoots))
        execvp(command, program.arguments.data());
    endWithout(command, errno);
}

} // namespace

Result<Spawned> spawnChild(const Json &request, const DaemonLimits &limits, const Rights &rights)
{
    if (isRoot(request) && !rights.canBeRoot())
        return failure(Error::Kind::Service,
                       "invalid username: 'root' (user namespaces do not nest deep enough on this machine)", 0,
                       "unauthenticated");
    const std::string asked = stringOr(request, "directory");
    const std::string directory =
        asked.empty() ? (isRoot(request) ? files::rootHome : files::home) : files::absolutePath(asked);
    struct stat status
    {};
    const bool isThere = ::stat(directory.c_str(), &status) == 0;
    if (!isThere || !S_ISDIR(status.st_mode))
        return failure(Error::Kind::Service, "cwd '" + asked + (isThere ? "' is not a directory" : "' does not exist"),
                       0, "invalid_argument");
    const auto startFailure = [&request] {
        const int error = errno;
        return failure(Error::Kind::Service,
                       "error starting process '" + stringOr(request, "command") + "': " + std::strerror(error), 0,
                       error == EAGAIN || error == EMFILE || error == ENOMEM || error == ENOSPC ? "resource_exhausted"
                                                                                                : "invalid_argument");
    };
    std::vector<Line> lines;
    if (!makeLines(request, lines))
        return startFailure();
    Program program(request, directory, limits);
    const pid_t pid = fork();
    if (pid < 0)
        return startFailure();
    if (pid == 0)
        runChild(program, lines, rights);

    Spawned spawned;
    spawned.pid = pid;
    for (Line &line : lines) {
        spawned.names.emplace_back(line.name);
        spawned.fds.push_back(std::move(line.ours));
    }
    return spawned;
}

} // namespace sandglass::engine
