#pragma once

#include "services/engine/api/runningprocess.h"
#include "services/engine/api/sandboxlog.h"

#include <memory>

namespace sandglass::engine {

/// Writes into the log of a sandbox that a process starts, what it prints and how it ends. What a terminal shows is
/// left out, as E2B does. Never holds a process back. io thread only.
class ProcessLog final : public RunningProcess::Listener
{
public:
    ProcessLog(std::shared_ptr<SandboxLog> log, int pid, const Json &config);

    void data(RunningProcess::Output kind, std::string_view bytes) override;
    void end(const ExitStatus &status) override;
    void fail(const Error &error) override;
    [[nodiscard]] bool isFull() override { return false; }

private:
    void flush();

    std::shared_ptr<SandboxLog> m_log;
    int m_pid;
    LogLines m_stdout, m_stderr;
};

} // namespace sandglass::engine
