#pragma once

#include "services/engine/api/executionlog.h"
#include "services/engine/api/streampace.h"
#include "services/engine/kernels/kernel.h"

#include <memory>
#include <string>

namespace sandglass::engine {

/// One POST /execute: the kernel's lines as NDJSON, with keepalives in silence and back-pressure. A listener that goes
/// away interrupts the kernel. io thread only.
class ExecutionStream final : public std::enable_shared_from_this<ExecutionStream>
{
public:
    /// What it prints also goes into `log`.
    ExecutionStream(boost::asio::io_context &io, std::shared_ptr<http::Exchange> exchange,
                    std::shared_ptr<SandboxLog> log);

    void run(std::shared_ptr<Kernel> kernel, ExecuteSpec spec);
    /// Ends a running execution with an error line, as when the kernel dies.
    void breakOff(const std::string &reason);

    /// The same for one whose kernel lives on: the code is interrupted, as when the listener goes away.
    void leave(const std::string &reason);

private:
    void take(std::string line);
    /// `last` goes out in one piece with the end.
    void close(std::string last);
    void detach();

    std::shared_ptr<http::Exchange> m_exchange;
    std::shared_ptr<Kernel> m_kernel;
    std::uint64_t m_handle = 0;
    ExecutionLog m_log;
    std::shared_ptr<StreamPace> m_pace;
    bool m_closed = false;
};

} // namespace sandglass::engine
