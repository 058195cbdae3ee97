#pragma once

#include "services/core/json.h"

#include <chrono>
#include <map>
#include <optional>
#include <sys/types.h>
#include <vector>

namespace sandglass::engine {

/// The children that the engine asked for, and pid 1's duty to reap everything else.
class Processes final
{
public:
    struct Exit
    {
        pid_t pid = 0;
        int waitStatus = 0;
        std::string reason;
    };

    void add(pid_t pid) { m_children[pid] = {}; }
    /// A number below 0 names a process group, as in kill(2). Only groups led by a child may be named.
    [[nodiscard]] Result<Json> signal(std::int64_t pid, int number) const;
    /// The watchdog killed `pid`: the child it descends from ends for that reason.
    void blame(pid_t pid, const char *reason);
    /// Reaps all zombies; gives those that were added.
    [[nodiscard]] std::vector<Exit> reap();
    /// One that was added and that somebody else has reaped.
    [[nodiscard]] Exit departed(pid_t pid, int waitStatus);

private:
    struct Child
    {
        std::string reason;
        std::chrono::steady_clock::time_point blamedAt;
    };
    std::map<pid_t, Child> m_children;
};

} // namespace sandglass::engine
