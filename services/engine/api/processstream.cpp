#include "services/engine/api/processstream.h"

#include "services/core/base64.h"
#include "services/engine/api/connect.h"

#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstring>

namespace sandglass::engine {

namespace {

constexpr std::size_t kMostPending = 1U << 20;

const char *outputName(RunningProcess::Output kind)
{
    switch (kind) {
    case RunningProcess::Output::Stdout:
        return "stdout";
    case RunningProcess::Output::Stderr:
        return "stderr";
    case RunningProcess::Output::Pty:
        return "pty";
    }
    return "stdout";
}

/// Go's words for a signal: "signal: killed".
std::string signalText(int number)
{
    switch (number) {
    case SIGKILL:
        return "signal: killed";
    case SIGTERM:
        return "signal: terminated";
    case SIGSEGV:
        return "signal: segmentation fault";
    case SIGABRT:
        return "signal: aborted";
    case SIGINT:
        return "signal: interrupt";
    case SIGHUP:
        return "signal: hangup";
    case SIGPIPE:
        return "signal: broken pipe";
    case SIGXCPU:
        return "signal: CPU time limit exceeded";
    default:
        return "signal: signal " + std::to_string(number);
    }
}

Json endEvent(const ExitStatus &exit)
{
    const std::string status = exitText(exit);
    Json end{{"exitCode", exit.exited ? exit.code : -1}, {"exited", exit.exited}, {"status", status}};
    if (!exit.reason.empty())
        end["error"] = status + " (" + exit.reason + ")";
    else if (!exit.exited || exit.code != 0)
        end["error"] = status;
    return {{"end", end}};
}

std::string envelope(const Json &event)
{
    return connectEnvelope(dumpJson({{"event", event}}));
}

} // namespace

std::string exitText(const ExitStatus &exit)
{
    return exit.exited ? "exit status " + std::to_string(exit.code) : signalText(exit.code);
}

ProcessStream::ProcessStream(boost::asio::io_context &io, const http::RequestHead &request,
                             std::shared_ptr<http::Exchange> exchange)
    : m_exchange(std::move(exchange)), m_keepalive(io), m_deadline(io)
{
    const StreamTimes times = streamTimes(request);
    m_interval = times.keepalive;
    m_limit = times.limit;
}

void ProcessStream::open(std::string first)
{
    if (!std::exchange(m_opened, true))
        m_exchange->startStream(200, {{"Content-Type", kConnectStreamType}}, std::move(first));
}

void ProcessStream::follow(std::shared_ptr<RunningProcess> process)
{
    m_process = std::move(process);
    open(envelope({{"start", {{"pid", m_process->pid()}}}}));
    m_exchange->onClosed([weak = weak_from_this()] {
        if (const auto self = weak.lock())
            self->detach();
    });
    armKeepalive();
    armDeadline();
    m_process->add(shared_from_this());
}

void ProcessStream::refuse(const Error &error)
{
    open();
    close(error);
}

void ProcessStream::send(const Json &event)
{
    if (!m_closed)
        m_exchange->write(envelope(event));
}

void ProcessStream::data(RunningProcess::Output kind, std::string_view bytes)
{
    send({{"data", {{outputName(kind), base64Encode(bytes)}}}});
    armKeepalive();
}

void ProcessStream::end(const ExitStatus &status)
{
    close({}, envelope(endEvent(status)));
}

void ProcessStream::fail(const Error &error)
{
    close(error);
}

bool ProcessStream::isFull()
{
    if (m_closed || m_exchange->pendingBytes() < kMostPending)
        return false;
    if (!std::exchange(m_waitingForDrain, true)) {
        m_exchange->onDrained([weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self)
                return;
            self->m_waitingForDrain = false;
            if (self->m_process)
                self->m_process->resumeReading();
        });
    }
    return true;
}

void ProcessStream::close(const std::optional<Error> &error, std::string last)
{
    if (std::exchange(m_closed, true))
        return;
    m_keepalive.cancel();
    m_deadline.cancel();
    m_exchange->finish(std::move(last += connectEnd(error)));
}

void ProcessStream::detach()
{
    m_closed = true;
    m_keepalive.cancel();
    m_deadline.cancel();
    if (const auto process = std::exchange(m_process, nullptr))
        process->remove(this);
}

void ProcessStream::armKeepalive()
{
    m_keepalive.expires_after(m_interval);
    m_keepalive.async_wait([weak = weak_from_this()](const boost::system::error_code &error) {
        const auto self = weak.lock();
        if (error || !self || self->m_closed)
            return;
        self->send({{"keepalive", Json::object()}});
        self->armKeepalive();
    });
}

void ProcessStream::armDeadline()
{
    if (m_limit.count() == 0)
        return;
    m_deadline.expires_after(m_limit);
    m_deadline.async_wait([weak = weak_from_this()](const auto &error) {
        const auto self = weak.lock();
        if (error || !self || self->m_closed)
            return;
        self->close(Error{Error::Kind::Service, 0, "the operation timed out", "deadline_exceeded"});
        self->detach();
    });
}

} // namespace sandglass::engine
