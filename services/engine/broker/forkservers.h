#pragma once

#include "services/engine/broker/forkserver.h"

#include <map>
#include <memory>
#include <poll.h>

namespace sandglass::engine {

/// The fork-servers of all templates in use: one for each stack of layers with a list of libraries. Starts them, and
/// again after an end, each time later (1 s to 1 min) until one has served.
class ForkServers final
{
public:
    using Clock = ForkServer::Clock;
    struct Settings
    {
        std::vector<std::string> layers; ///< by name
        std::vector<std::string> preimport;
        [[nodiscard]] std::string key() const;                       ///< one for one
        [[nodiscard]] static Settings fromJson(const Json &request); ///< "layers", "preimport"
    };
    struct Listener
    {
        std::function<void(ForkedKernel kernel)> forked;
        std::function<void(pid_t outer, int status, std::int64_t cpuMs)> exited;
        std::function<void(std::int64_t token, std::string why)> refused;
        /// A fork-server serves, or why it does not.
        std::function<void(const std::string &key, bool ready, const std::string &why)> changed;
    };

    explicit ForkServers(Listener listener) : m_listener(std::move(listener)) {}
    /// The filters of sandboxes, and of fork-servers themselves.
    void use(SyscallFilter sandboxFilter, SyscallFilter ownFilter);

    /// Starts one in the background, unless it is there.
    void prepare(const Settings &settings);
    /// By the fork-server with that key; refused where it is missing, starting or down.
    void fork(const Settings &settings, ForkOrder order);

    /// Adds what has to be polled; handle() takes the same entries after the poll.
    void watch(std::vector<pollfd> &waiting) const;
    void handle(const std::vector<pollfd> &waiting);
    /// Answers that have arrived: before reaping, so that a kernel is known before its end is.
    void readAnswers();
    /// Restarts, and patience that has run out.
    void tick();
    [[nodiscard]] Clock::time_point nextDeadline() const;
    /// Ends the fork-server of a sandbox that is killed but does not end: it does not reap, so that the broker has to.
    void replaceStuck(const Settings &settings);
    /// True when `pid` was one of the fork-servers.
    bool reaped(pid_t pid);
    void stopAll();

private:
    struct Slot
    {
        Settings settings;
        std::unique_ptr<ForkServer> server; ///< null while down
        std::string directory;
        Clock::time_point nextStart;
        std::chrono::milliseconds backOff{0};
        Clock::time_point lastUse;
    };

    void start(Slot &slot);
    void down(Slot &slot, const std::string &why);
    [[nodiscard]] Result<RootPlan> planOf(const Slot &slot) const;
    void makeRoom();

    Listener m_listener;
    SyscallFilter m_sandboxFilter, m_ownFilter;
    std::map<std::string, Slot> m_slots;
    int m_started = 0;
};

} // namespace sandglass::engine
