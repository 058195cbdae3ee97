#pragma once

#include "services/engine/api/sandboxlog.h"

#include <memory>
#include <string_view>

namespace sandglass::engine {

/// Writes into the log of a sandbox what an execution of its interpreter prints and raises. io thread only.
class ExecutionLog final
{
public:
    explicit ExecutionLog(std::shared_ptr<SandboxLog> log); ///< which may be null

    void take(std::string_view line); ///< one line of the kernel's NDJSON
    void end();                       ///< what stands without a line end

private:
    std::shared_ptr<SandboxLog> m_log;
    LogLines m_stdout, m_stderr;
};

} // namespace sandglass::engine
