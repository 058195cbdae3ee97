#include "services/engine/api/executionlog.h"

#include "services/core/json.h"

namespace sandglass::engine {

namespace {

LogEntry stampOf(const char *eventType)
{
    return {{}, LogLevel::Info, "interpreter", eventType, 0, {}};
}

} // namespace

ExecutionLog::ExecutionLog(std::shared_ptr<SandboxLog> log)
    : m_log(std::move(log)), m_stdout(m_log, stampOf("stdout")), m_stderr(m_log, stampOf("stderr"))
{}

void ExecutionLog::take(std::string_view line)
{
    // The type stands first or nearly so; results may be pictures of megabytes, and are not parsed for nothing.
    const std::string_view head = line.substr(0, 64);
    if (!m_log || (head.find("\"std") == std::string_view::npos && head.find("\"error\"") == std::string_view::npos))
        return;
    if (!m_log->admit(line.size()))
        return;
    const Json json = parseJson(line).value_or(Json());
    const std::string type = stringOr(json, "type");
    if (type == "stdout") {
        m_stdout.add(stringOr(json, "text"));
    } else if (type == "stderr") {
        m_stderr.add(stringOr(json, "text"));
    } else if (type == "error") {
        end();
        LogEntry entry = stampOf("error");
        entry.level = LogLevel::Error;
        entry.message = stringOr(json, "name") + ": " + stringOr(json, "value");
        m_log->add(std::move(entry));
    }
}

void ExecutionLog::end()
{
    m_stdout.flush();
    m_stderr.flush();
}

} // namespace sandglass::engine
