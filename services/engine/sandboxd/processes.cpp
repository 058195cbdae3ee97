#include "services/engine/sandboxd/processes.h"

#include "services/engine/sandboxd/procfs.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/wait.h>

namespace sandglass::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto blameLasts = 5s; // a shell that outlives its killed command by more did not end because of it
constexpr int maxGenerations = 64;

bool endedByKill(int waitStatus)
{
    return (WIFSIGNALED(waitStatus) && WTERMSIG(waitStatus) == SIGKILL)
        || (WIFEXITED(waitStatus) && WEXITSTATUS(waitStatus) == 128 + SIGKILL);
}

} // namespace

Result<Json> Processes::signal(std::int64_t pid, int number) const
{
    const auto leader = static_cast<pid_t>(pid < 0 ? -pid : pid);
    if (!m_children.contains(leader))
        return failure(Error::Kind::Service, "process with pid " + std::to_string(leader) + " not found", 0,
                       "not_found");
    if (kill(static_cast<pid_t>(pid), number) != 0)
        return failure(Error::Kind::Service, std::strerror(errno), 0,
                       errno == ESRCH ? "not_found" : "invalid_argument");
    return Json::object();
}

void Processes::blame(pid_t pid, const char *reason)
{
    std::optional<pid_t> current = pid;
    for (int i = 0; i < maxGenerations && current && *current > 1; ++i, current = parentOf(*current)) {
        const auto child = m_children.find(*current);
        if (child != m_children.end()) {
            child->second = {reason, std::chrono::steady_clock::now()};
            return;
        }
    }
}

std::vector<Processes::Exit> Processes::reap()
{
    std::vector<Exit> exits;
    int status = 0;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        if (m_children.contains(pid))
            exits.push_back(departed(pid, status));
    }
    return exits;
}

Processes::Exit Processes::departed(pid_t pid, int waitStatus)
{
    Exit exit{pid, waitStatus, {}};
    const auto child = m_children.find(pid);
    if (child == m_children.end())
        return exit;
    const bool recent = std::chrono::steady_clock::now() - child->second.blamedAt < blameLasts;
    if (endedByKill(waitStatus) && recent)
        exit.reason = child->second.reason;
    m_children.erase(child);
    return exit;
}

} // namespace sandglass::engine
