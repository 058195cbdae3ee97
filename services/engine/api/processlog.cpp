#include "services/engine/api/processlog.h"

#include "services/engine/api/processstream.h"

namespace sandglass::engine {

namespace {

constexpr std::size_t kLongestCommand = 1024;

/// The command as it was sent: without its environment, which may hold secrets.
std::string commandLine(const Json &config)
{
    std::string line = stringOr(config, "cmd");
    for (const Json &argument : memberOr(config, "args"))
        line += ' ' + argument.get<std::string>();
    if (line.size() > kLongestCommand)
        line = line.substr(0, kLongestCommand) + "…";
    return line;
}

} // namespace

ProcessLog::ProcessLog(std::shared_ptr<SandboxLog> log, int pid, const Json &config)
    : m_log(std::move(log))
    , m_pid(pid)
    , m_stdout(m_log, {{}, LogLevel::Info, "process", "stdout", pid, {}})
    , m_stderr(m_log, {{}, LogLevel::Info, "process", "stderr", pid, {}})
{
    m_log->add({{}, LogLevel::Info, "process", "process_start", pid, "Process started: " + commandLine(config)});
}

void ProcessLog::data(RunningProcess::Output kind, std::string_view bytes)
{
    if (kind == RunningProcess::Output::Stdout)
        m_stdout.add(bytes);
    else if (kind == RunningProcess::Output::Stderr)
        m_stderr.add(bytes);
}

void ProcessLog::flush()
{
    m_stdout.flush();
    m_stderr.flush();
}

void ProcessLog::end(const ExitStatus &status)
{
    flush();
    const LogLevel level = status.exited && status.code == 0 ? LogLevel::Info : LogLevel::Warn;
    std::string message = "Process ended: " + exitText(status);
    if (!status.reason.empty())
        message += " (" + status.reason + ")";
    m_log->add({{}, level, "process", "process_end", m_pid, std::move(message)});
}

void ProcessLog::fail(const Error &)
{
    flush(); // that the sandbox is gone stands in the log already
}

} // namespace sandglass::engine
