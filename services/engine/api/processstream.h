#pragma once

#include "services/engine/api/runningprocess.h"
#include "services/engine/api/streampace.h"

#include <chrono>
#include <memory>
#include <optional>

namespace sandglass::engine {

/// How a process ended, in Go's words: "exit status 1", "signal: killed".
[[nodiscard]] std::string exitText(const ExitStatus &exit);

/// One Start or Connect call: the events of a process as Connect envelopes, with keepalives and the caller's time
/// limit. io thread only.
class ProcessStream final : public RunningProcess::Listener, public std::enable_shared_from_this<ProcessStream>
{
public:
    /// Reads Keepalive-Ping-Interval and Connect-Timeout-Ms from the request.
    ProcessStream(boost::asio::io_context &io, const http::RequestHead &request,
                  std::shared_ptr<http::Exchange> exchange);

    /// Sends the start event and follows the process until it ends or the caller's time is over.
    void follow(std::shared_ptr<RunningProcess> process);
    [[nodiscard]] std::chrono::milliseconds limit() const { return m_times.limit; } ///< 0 = none
    /// The call ends without a process.
    void refuse(const Error &error);

    void data(RunningProcess::Output kind, std::string_view bytes) override;
    void end(const ExitStatus &status) override;
    void fail(const Error &error) override;
    [[nodiscard]] bool isFull() override;

private:
    void open(std::string first = {});
    void send(const Json &event);
    /// `last` goes out before the end, in one piece with it.
    void close(const std::optional<Error> &error, std::string last = {});
    void detach();

    std::shared_ptr<http::Exchange> m_exchange;
    std::shared_ptr<RunningProcess> m_process;
    StreamTimes m_times;
    std::shared_ptr<StreamPace> m_pace;
    bool m_closed = false, m_opened = false;
};

} // namespace sandglass::engine
