#include "services/engine/broker/nesting.h"

#include "services/core/uniquefd.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

bool writeFile(const char *path, const std::string &text)
{
    const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
    return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool mapToItself(uid_t user, gid_t group)
{
    return writeFile("/proc/self/setgroups", "deny")
        && writeFile("/proc/self/uid_map", std::to_string(user) + " " + std::to_string(user) + " 1")
        && writeFile("/proc/self/gid_map", std::to_string(group) + " " + std::to_string(group) + " 1");
}

[[noreturn]] void waitFor(pid_t child)
{
    close_range(3, ~0U, 0);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

} // namespace

bool nest()
{
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        return false;
    UniqueFd hear(ends[0]);
    UniqueFd tell(ends[1]);
    const uid_t user = geteuid();
    const gid_t group = getegid();
    clone_args arguments{};
    arguments.flags = CLONE_NEWUSER | CLONE_NEWPID;
    arguments.exit_signal = SIGCHLD;
    const long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child < 0)
        return false;
    char mapped = 0;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        hear.reset();
        mapped = mapToItself(user, group) ? 1 : 0;
        if (write(tell.get(), &mapped, 1) != 1 || mapped == 0)
            _exit(1); // refused, or the caller has ended before it could be watched
        return true;
    }
    tell.reset();
    ssize_t got = 0;
    do
        got = read(hear.get(), &mapped, 1);
    while (got < 0 && errno == EINTR);
    if (got == 1 && mapped == 1)
        waitFor(static_cast<pid_t>(child));
    waitpid(static_cast<pid_t>(child), nullptr, 0);
    return false;
}

} // namespace sandglass::engine
