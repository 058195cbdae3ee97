#pragma once

#include "services/engine/kernels/kernel.h"
#include "services/engine/kernels/kernelprocess.h"
#include "services/engine/kernels/kernelprofile.h"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <optional>

namespace sandglass::engine {

/// A language's own interpreter in a sandbox behind one of the runners in resources/kernels/.
class RunnerKernel final : public Kernel, public std::enable_shared_from_this<RunnerKernel>
{
public:
    RunnerKernel(std::shared_ptr<Sandbox> sandbox, boost::asio::io_context &io, KernelProfile profile,
                 std::string workingDirectory, std::map<std::string, std::string> environment);
    ~RunnerKernel() override;

    /// Starts the process; `then` when it serves. Also after an end, for the next one.
    void start(std::function<void(Result<>)> then);

    std::uint64_t execute(ExecuteSpec spec, Execution sink) override;
    void resumeReading() override;
    void cancel(std::uint64_t handle) override;
    void setFrozen(bool frozen) override;
    void restart(std::function<void(Result<>)> then) override;
    [[nodiscard]] const std::string &language() const override { return m_profile.language; }
    [[nodiscard]] const std::string &workingDirectory() const override { return m_workingDirectory; }

private:
    struct Pending
    {
        std::uint64_t handle = 0;
        ExecuteSpec spec;
        Execution sink;
        bool cancelled = false;
    };

    [[nodiscard]] SpawnSpec spawnSpec() const;
    [[nodiscard]] KernelProcess::Callbacks callbacks();
    void adopt(std::shared_ptr<KernelProcess> process);
    void pump();
    void received(std::string line);
    void receivedRaw(bool isStderr, std::string bytes);
    void ended(const std::string &reason);
    void started(Result<> result);
    void finishCurrent(const std::string &errorName, const std::string &errorValue);
    void failWaiting(const Error &error);
    void armForkPatience();
    void sendInterrupt();
    void waitForInterrupt(int attempt);

    std::shared_ptr<Sandbox> m_sandbox;
    boost::asio::io_context &m_io;
    KernelProfile m_profile;
    std::string m_workingDirectory;
    std::map<std::string, std::string> m_environment;
    std::shared_ptr<KernelProcess> m_process;
    bool m_ready = false;
    bool m_starting = false;
    bool m_frozen = false;
    bool m_forkFailed = false;      ///< a forked process ended before it served: cold ones from then on
    std::uint64_t m_generation = 0; ///< of processes; answers about an earlier one are dropped
    std::string m_startErrors;      ///< what the process wrote to stderr before it served
    std::vector<std::function<void(Result<>)>> m_startWaiters;
    std::deque<Pending> m_waiting;
    std::optional<Pending> m_current;
    std::uint64_t m_nextHandle = 1;
    int m_signalsUnderWay = 0;
    boost::asio::steady_timer m_grace;
};

} // namespace sandglass::engine
