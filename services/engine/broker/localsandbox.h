#pragma once

#include "services/engine/broker/channel.h"
#include "services/engine/broker/names.h"
#include "services/engine/broker/sandbox.h"
#include "services/engine/broker/terminal.h"

#include <chrono>
#include <map>

namespace sandglass::engine {

/// A sandbox whose daemon is reached over a Channel. Made and owned by LocalHost.
class LocalSandbox final : public Sandbox, public std::enable_shared_from_this<LocalSandbox>
{
public:
    /// `tellBroker` sends a request about this sandbox: {"op": "kill"}, {"op": "fork", …}. False when it is gone.
    LocalSandbox(boost::asio::io_context &io, UniqueFd control, LaunchSpec spec,
                 std::function<bool(Json body)> tellBroker);
    ~LocalSandbox() override;

    /// `ready` once: the daemon serves, or why it does not.
    void start(std::function<void(Result<>)> ready);
    /// The broker says that nothing of the sandbox is left.
    void ended();
    /// The broker's "forked" or "unforked".
    void forkAnswered(wire::Incoming message);
    /// The broker's "exited": a forked kernel was reaped.
    void kernelExited(const Json &event);

    [[nodiscard]] const std::string &id() const override { return m_spec.sandboxId; }
    [[nodiscard]] bool hasOwnSystem() const override { return engine::hasOwnSystem(m_spec.layers); }
    void spawn(SpawnSpec spec, Then<SpawnedProcess> then) override;
    void forkPython(Then<SpawnedProcess> then) override;
    void signal(int pid, int signalNumber, Then<void> then) override;
    void resizePty(int pid, SpawnSpec::PtySize size, Then<void> then) override;
    void onExit(std::function<void(int pid, ExitStatus status)> callback) override;
    void onGone(std::function<void(std::string reason)> callback) override;
    void openFile(std::string path, std::string user, bool forWriting, Then<UniqueFd> then) override;
    void stat(std::string path, std::string user, Then<FileEntry> then) override;
    void listDirectory(std::string path, std::string user, int depth, Then<std::vector<FileEntry>> then) override;
    void makeDirectory(std::string path, std::string user, Then<FileEntry> then) override;
    void move(std::string source, std::string destination, std::string user, Then<FileEntry> then) override;
    void remove(std::string path, std::string user, Then<void> then) override;
    void watchDirectory(WatchSpec spec, Then<UniqueFd> then) override;
    void writableLayer(Then<UniqueFd> then) override;
    void pause(Then<void> then) override;
    void resume(Then<void> then) override;
    void connectPort(std::uint16_t port, Then<UniqueFd> then) override;
    void listenPort(std::uint16_t port, Then<UniqueFd> then) override;
    void usage(Then<ResourceUsage> then) override;
    void kill(std::function<void()> then) override;

private:
    /// The "ok" object of the answer with the descriptors that came along.
    using Answer = std::function<void(Result<wire::Incoming>)>;

    void request(Json body, Answer answer);
    void requestVoid(Json body, Then<void> then);
    void requestFd(Json body, Then<UniqueFd> then);
    void requestEntry(Json body, Then<FileEntry> then);
    void received(wire::Incoming message);
    void processEnded(const Json &event);
    void requestKill() { (void)m_tellBroker({{"op", "kill"}}); }
    void closeAll();
    [[nodiscard]] ResourceUsage usageFrom(const Json &sample);

    boost::asio::io_context &m_io;
    std::shared_ptr<Channel> m_channel;
    LaunchSpec m_spec;
    UniqueFd m_writableLayer;
    std::function<bool(Json)> m_tellBroker;
    std::function<void(Result<>)> m_ready;
    std::vector<std::function<void(int, ExitStatus)>> m_exitListeners;
    std::vector<std::function<void(std::string)>> m_goneListeners;
    std::vector<std::function<void()>> m_killWaiters;
    std::map<std::int64_t, Answer> m_answers;
    std::map<std::int64_t, Then<SpawnedProcess>> m_forks; ///< asked of the broker
    std::map<int, std::shared_ptr<Terminal>> m_ptys;      ///< of running processes
    std::int64_t m_nextRequest = 1;
    std::int64_t m_lastCpuMs = 0;
    std::chrono::steady_clock::time_point m_lastUsage = std::chrono::steady_clock::now();
    bool m_killRequested = false;
    bool m_ended = false;
};

} // namespace sandglass::engine
