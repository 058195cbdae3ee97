#pragma once

#include "services/core/json.h"
#include "services/core/uniquefd.h"
#include "services/engine/broker/forkservers.h"
#include "services/engine/broker/launch.h"
#include "services/engine/broker/probe.h"

#include <deque>
#include <map>
#include <optional>

namespace sandglass::engine {

/// The process that forks sandboxes: single-threaded, unprivileged, and dead when the engine is.
///
/// Hears {"op": "launch", "token", "sandbox", "layers", "limits", "hostname"} and {"op": "kill", "token"}.
/// Says {"event": "hello", "tier" …} once, {"event": "launched", "token"} with the control socket,
/// {"event": "refused", "token", "code", "message"}, {"event": "ended", "token"} when nothing of a sandbox is left.
///
/// For kernels: {"op": "prepare", "layers", "preimport"} keeps a fork-server for them; what becomes of it is told by
/// {"event": "fork-server", "key", "ready", "why"}. A launch with "preimport" has one kernel forked at once, while the
/// sandbox gets its files. {"op": "fork", "token", "request"} asks for one, and is answered by {"event": "forked",
/// "token", "request", "pid"} with [stdout, stderr, channel], or {"event": "unforked", "token", "request", "message"}.
/// {"event": "exited", "token", "pid", "status", "cpuMs"} follows once for each, with what waitpid(2) said.
class Broker final
{
public:
    Broker(UniqueFd engine, UniqueFd daemon, pid_t enginePid);
    /// Prepares the state directory (the working directory), probes, then serves until the engine closes the socket.
    int run();

private:
    struct Running
    {
        std::int64_t token = 0;
        std::string directory;
        UniqueFd pidFd;
        DaemonLimits limits;
        std::optional<ForkServers::Settings> forks;            ///< set: from such a fork-server
        std::deque<ForkedKernel> waiting;                      ///< forked, not asked for yet
        std::deque<std::int64_t> wanted;                       ///< requests of the engine without an answer
        std::size_t ordered = 0;                               ///< on their way
        std::optional<ForkServers::Clock::time_point> overdue; ///< killed: when it must have ended
    };
    struct Kernel
    {
        std::int64_t token = 0;
        int inner = 0;
    };

    [[nodiscard]] Result<> prepare();
    [[nodiscard]] Result<> prepareFilters();
    void sayHello(const IsolationTier &tier);
    int serve();
    bool readRequests();
    void launchOne(const Json &request);
    [[nodiscard]] Result<LaunchPlan> planOf(const Json &request);
    void refuse(std::int64_t token, const Error &error);
    void killOne(std::int64_t token);
    void forkOne(const Json &request);
    void order(std::int64_t token, Running &running);
    void forked(ForkedKernel kernel);
    void notForked(std::int64_t token, const std::string &why);
    void handOver(std::int64_t request, const ForkedKernel &kernel);
    void unforked(std::int64_t token, std::int64_t request, const std::string &why);
    [[nodiscard]] Running *find(std::int64_t token);
    [[nodiscard]] int waitMilliseconds() const;
    void checkOverdue();
    void reap();
    void ended(pid_t pid, int status, std::int64_t cpuMs);
    void killAll();

    UniqueFd m_engine, m_daemon;
    pid_t m_enginePid;
    SandboxFilters m_filters;
    RootMode m_mode = RootMode::OverlayInMemory;
    std::map<pid_t, Running> m_running;
    std::map<pid_t, Kernel> m_kernels; ///< by their pid outside
    ForkServers m_forkServers;
    bool m_nested = false; ///< without it nothing can enter a sandbox
    int m_launches = 0;
};

/// Removes a sandbox's scratch directory with whatever it holds, also overlay work directories without permissions.
void removeScratch(const std::string &directory);

} // namespace sandglass::engine
