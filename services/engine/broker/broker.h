#pragma once

#include "services/core/json.h"
#include "services/core/uniquefd.h"
#include "services/engine/broker/launch.h"
#include "services/engine/broker/probe.h"

#include <map>

namespace sandglass::engine {

/// The process that forks sandboxes: single-threaded, unprivileged, and dead when the engine is.
///
/// Hears {"op": "launch", "token", "sandbox", "layers", "limits", "hostname"} and {"op": "kill", "token"}.
/// Says {"event": "hello", "tier" …} once, {"event": "launched", "token"} with the control socket,
/// {"event": "refused", "token", "code", "message"}, {"event": "ended", "token"} when nothing of a sandbox is left.
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
    };

    [[nodiscard]] Result<> prepare();
    void sayHello(const IsolationTier &tier);
    int serve();
    bool readRequests();
    void launchOne(const Json &request);
    [[nodiscard]] Result<LaunchPlan> planOf(const Json &request);
    void refuse(std::int64_t token, const Error &error);
    void killOne(std::int64_t token);
    void reap();
    void killAll();

    UniqueFd m_engine, m_daemon;
    pid_t m_enginePid;
    SyscallFilter m_filter;
    RootMode m_mode = RootMode::OverlayInMemory;
    std::map<pid_t, Running> m_running;
    int m_launches = 0;
};

/// Removes a sandbox's scratch directory with whatever it holds, also overlay work directories without permissions.
void removeScratch(const std::string &directory);

} // namespace sandglass::engine
