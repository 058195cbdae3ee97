#pragma once

#include "services/engine/api/runningprocess.h"
#include "services/engine/api/sandboxlog.h"
#include "services/engine/api/sandboxuser.h"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace sandglass::engine {

/// A wish to start a process, read from process.Process/Start.
struct ProcessStart
{
    std::string command;
    std::vector<std::string> arguments;
    Environment environment;
    std::string workingDirectory; ///< as sent; empty = home
    bool wantStdin = true;
    std::optional<SpawnSpec::PtySize> pty;
    std::string tag;
    SandboxUser user;
    Json config; ///< ProcessConfig, told again by List
};

/// What a template has set for the processes of its sandboxes.
struct ProcessDefaults
{
    SandboxUser user;
    std::string directory;
};

/// The processes that were started through the API in one sandbox. io thread only.
class ProcessTable final : public std::enable_shared_from_this<ProcessTable>
{
public:
    ProcessTable(boost::asio::io_context &io, std::shared_ptr<Sandbox> sandbox, Environment global,
                 std::shared_ptr<SandboxLog> log);

    void setDefaults(ProcessDefaults defaults) { m_defaults = std::move(defaults); }
    /// For what the wish leaves open. `hasUser`: it names its account.
    void applyDefaults(ProcessStart &wish, bool hasUser) const;

    template<typename T>
    using Then = std::function<void(Result<T>)>;
    void start(ProcessStart wish, Then<std::shared_ptr<RunningProcess>> then);
    /// By {"pid"} or {"tag"}; `not_found` in envd's words.
    [[nodiscard]] Result<std::shared_ptr<RunningProcess>> select(const Json &selector) const;
    [[nodiscard]] Json list() const; ///< [{config, pid, tag?}], the living ones
    void signal(const std::shared_ptr<RunningProcess> &process, int number, Then<void> then);
    void resize(const std::shared_ptr<RunningProcess> &process, SpawnSpec::PtySize size, Then<void> then);

    /// From Sandbox::onExit; exits of processes of others are ignored.
    void exited(int pid, const ExitStatus &status);
    void failAll(const Error &error);

private:
    void spawn(ProcessStart wish, Then<std::shared_ptr<RunningProcess>> then);
    void adopt(SpawnedProcess spawned, ProcessStart wish, const Then<std::shared_ptr<RunningProcess>> &then);
    void forgetLater(int pid);

    boost::asio::io_context &m_io;
    std::shared_ptr<Sandbox> m_sandbox;
    Environment m_global;
    std::optional<ProcessDefaults> m_defaults;
    std::shared_ptr<SandboxLog> m_log;
    std::map<int, std::shared_ptr<RunningProcess>> m_processes;
    int m_spawning = 0;
    std::map<int, ExitStatus> m_earlyExits; ///< told before spawn() was answered; kept only while one is under way
};

} // namespace sandglass::engine
