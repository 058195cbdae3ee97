#pragma once

#include "services/core/json.h"
#include "services/core/uniquefd.h"
#include "services/engine/broker/forklaunch.h"
#include "services/engine/sandboxd/limits.h"

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace sandglass::engine {

/// A kernel that is to be forked into a sandbox, which need not have its files yet.
struct ForkOrder
{
    std::int64_t token = 0; ///< of the sandbox
    UniqueFd sandbox;       ///< pidfd of its pid 1
    DaemonLimits limits;
};

/// A kernel that waits for the first line on its channel. Its parent is the fork-server, then the broker.
struct ForkedKernel
{
    std::int64_t token = 0;
    pid_t outer = 0; ///< in the broker's pid namespace
    int inner = 0;   ///< in the sandbox's
    UniqueFd output, errors, channel;
};

/// The fork-server of one template, while it runs: resources/kernels/fork_server.py and the orders it has not answered.
class ForkServer final
{
public:
    using Clock = std::chrono::steady_clock;
    struct Listener
    {
        std::function<void()> ready;
        std::function<void(ForkedKernel kernel)> forked;
        /// One that was forked has ended; not called for those that live longer than the fork-server.
        std::function<void(pid_t outer, int status, std::int64_t cpuMs)> exited;
        std::function<void(std::int64_t token, std::string why)> refused;
    };
    /// What all its kernels have in common: the filter they get, the libraries they find imported.
    [[nodiscard]] static Json greeting(const SyscallFilter &filter, const std::vector<std::string> &preimport);

    ForkServer(LaunchedForkServer process, Listener listener);
    /// Kills it; orders that it has not answered are refused.
    ~ForkServer();
    ForkServer(const ForkServer &) = delete;
    ForkServer &operator=(const ForkServer &) = delete;

    [[nodiscard]] bool greet(const Json &greeting);
    [[nodiscard]] bool isReady() const { return m_ready; }
    [[nodiscard]] pid_t pid() const { return m_process.pid; }
    [[nodiscard]] int controlFd() const { return m_process.control.get(); }
    [[nodiscard]] int errorsFd() const { return m_process.errors.get(); }
    /// The end of what it wrote to standard error.
    [[nodiscard]] const std::string &lastWords() const { return m_lastWords; }

    void fork(ForkOrder order);
    /// Reads its answers. False when it has closed its socket.
    [[nodiscard]] bool readAnswers();
    void readErrors();
    /// Refuses what has waited too long. False when it answers nothing at all any more.
    [[nodiscard]] bool checkPatience(Clock::time_point now);
    /// When checkPatience() has to be called next; max() when nothing is waited for.
    [[nodiscard]] Clock::time_point nextDeadline() const;

private:
    struct Pending
    {
        std::int64_t number = 0;
        ForkedKernel kernel;
        Clock::time_point sent;
    };

    void sendWaiting();
    [[nodiscard]] bool sendOne(const ForkOrder &order);
    void answered(const Json &answer);
    void complete(std::deque<Pending>::iterator pending);
    void exited(pid_t outer, const Json &answer);

    LaunchedForkServer m_process;
    Listener m_listener;
    bool m_ready = false;
    Clock::time_point m_started = Clock::now(), m_lastAnswer = m_started;
    std::deque<ForkOrder> m_waiting;
    std::deque<Pending> m_pending; ///< sent, oldest first
    std::int64_t m_nextNumber = 1;
    std::string m_lastWords;
};

} // namespace sandglass::engine
