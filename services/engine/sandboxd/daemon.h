#pragma once

#include "services/core/json.h"
#include "services/core/uniquefd.h"
#include "services/engine/sandboxd/limits.h"
#include "services/engine/sandboxd/processes.h"
#include "services/engine/sandboxd/rights.h"
#include "services/engine/sandboxd/watchdog.h"

#include <chrono>
#include <map>

namespace sandglass::engine {

/// Pid 1 of a sandbox: answers the engine's requests on a control socket, one at a time, and tells it of exits.
/// Output of processes never passes through it: their descriptors are handed out.
///
/// Request {"n", "op", …} -> answer {"n", "ok": {…}} or {"n", "error": {"code", "message"}}, descriptors beside it.
/// "adopt" {"pid"} tells it of a kernel that a fork-server put here, and "departed" {"pid", "status", "cpuMs"} of its
/// end, which its parent outside has seen; the answer to that is the body of an "exit" event.
/// Unasked: {"event": "ready"}, {"event": "exit", "pid", "exited", "code", "reason"}.
class Daemon final
{
public:
    Daemon(UniqueFd control, const DaemonLimits &limits, Rights rights);
    /// Until the control socket closes.
    int run();

private:
    using Reply = Result<Json>;
    struct PendingConnect
    {
        std::int64_t request = 0;
        UniqueFd socket;
        std::uint16_t port = 0;
        bool version6 = false;
        std::chrono::steady_clock::time_point deadline;
    };

    bool readRequests();
    void dispatch(const Json &request);
    Reply answerNow(const std::string &operation, const Json &request, std::vector<UniqueFd> &fds);
    Reply spawn(const Json &request, std::vector<UniqueFd> &fds);
    Reply adopt(const Json &request);
    Reply departed(const Json &request);
    Reply setPaused(bool paused);
    Reply usage() const;
    void answer(std::int64_t request, const Reply &reply, const std::vector<UniqueFd> &fds = {});
    void runWorker(const std::string &operation, const Json &request);
    void startWatch(const Json &request);
    void connectPort(std::int64_t request, std::uint16_t port, bool version6);
    void finishConnect(int socket);
    void dropLateConnects();
    void reapChildren();
    [[nodiscard]] int waitMilliseconds() const;

    UniqueFd m_control, m_signals, m_poll;
    DaemonLimits m_limits;
    Rights m_rights;
    Processes m_processes;
    Watchdog m_watchdog;
    std::map<pid_t, std::int64_t> m_workers; ///< pid -> request
    std::map<int, PendingConnect> m_connects;
    std::int64_t m_departedCpuMs = 0; ///< of adopted processes, which others reap
    bool m_paused = false;
};

} // namespace sandglass::engine
