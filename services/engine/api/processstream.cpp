#include "services/engine/api/processstream.h"

#include "services/core/base64.h"
#include "services/engine/api/connect.h"

#include <csignal>
#include <cstring>

namespace sandglass::engine {

namespace {

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
    : m_exchange(std::move(exchange))
    , m_times(streamTimes(request))
    , m_pace(std::make_shared<StreamPace>(io, m_exchange))
{}

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
    StreamPace::Rules rules{m_times, envelope({{"keepalive", Json::object()}}), {}, {}};
    rules.onTimeout = [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->close(Error{Error::Kind::Service, 0, "the operation timed out", "deadline_exceeded"});
            self->detach();
        }
    };
    rules.onDrained = [weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && self->m_process)
            self->m_process->resumeReading();
    };
    m_pace->start(std::move(rules));
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
    m_pace->wrote();
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
    return m_pace->isFull();
}

void ProcessStream::close(const std::optional<Error> &error, std::string last)
{
    if (std::exchange(m_closed, true))
        return;
    m_pace->stop();
    m_exchange->finish(std::move(last += connectEnd(error)));
}

void ProcessStream::detach()
{
    m_closed = true;
    m_pace->stop();
    if (const auto process = std::exchange(m_process, nullptr))
        process->remove(this);
}

} // namespace sandglass::engine
