#include "services/engine/api/executionstream.h"

#include "services/core/json.h"

#include <boost/asio/io_context.hpp>

namespace sandglass::engine {

namespace {

constexpr std::chrono::seconds kSilence{5};
constexpr std::string_view kEndLine = R"({"type": "end_of_execution"})";

bool isEnd(std::string_view line)
{
    // Only short lines can be the end line; parsing every line of output would cost.
    return line.size() < 64 && line.find("\"end_of_execution\"") != std::string_view::npos
        && stringOr(parseJson(line).value_or(Json()), "type") == "end_of_execution";
}

} // namespace

ExecutionStream::ExecutionStream(boost::asio::io_context &io, std::shared_ptr<http::Exchange> exchange,
                                 std::shared_ptr<SandboxLog> log)
    : m_exchange(std::move(exchange)), m_log(std::move(log)), m_pace(std::make_shared<StreamPace>(io, m_exchange))
{}

void ExecutionStream::run(std::shared_ptr<Kernel> kernel, ExecuteSpec spec)
{
    m_kernel = std::move(kernel);
    m_exchange->startStream(200, {{"Content-Type", "application/x-ndjson"}, {"Cache-Control", "no-store"}});
    m_exchange->onClosed([weak = weak_from_this()] {
        if (const auto self = weak.lock())
            self->detach();
    });
    if (m_closed)
        return;
    m_pace->start({{kSilence}, "{\"type\": \"keepalive\"}\n", {}, [weak = weak_from_this()] {
                       if (const auto self = weak.lock(); self && self->m_kernel)
                           self->m_kernel->resumeReading();
                   }});
    Kernel::Execution sink;
    sink.onLine = [self = shared_from_this()](std::string line) { self->take(std::move(line)); };
    sink.canTakeMore = [weak = weak_from_this()] {
        const auto self = weak.lock();
        return !self || !self->m_pace->isFull();
    };
    m_handle = m_kernel->execute(std::move(spec), std::move(sink));
}

void ExecutionStream::take(std::string line)
{
    if (m_closed)
        return;
    m_log.take(line);
    const bool isLast = isEnd(line);
    line += '\n';
    if (isLast)
        return close(std::move(line));
    m_exchange->write(std::move(line));
    m_pace->wrote();
}

void ExecutionStream::breakOff(const std::string &reason)
{
    if (m_closed)
        return;
    const Json error{{"type", "error"}, {"name", "UnexpectedEndOfExecution"}, {"value", reason}, {"traceback", ""}};
    close(dumpJson(error) + "\n" + std::string(kEndLine) + "\n");
}

void ExecutionStream::leave(const std::string &reason)
{
    const auto kernel = m_kernel;
    breakOff(reason);
    if (!kernel)
        return;
    kernel->resumeReading(); // nobody holds it back any more
    kernel->cancel(m_handle);
}

void ExecutionStream::close(std::string last)
{
    m_closed = true;
    m_log.end();
    m_pace->stop();
    m_exchange->finish(std::move(last));
    m_kernel.reset();
}

void ExecutionStream::detach()
{
    if (std::exchange(m_closed, true))
        return;
    m_log.end();
    m_pace->stop();
    if (const auto kernel = std::exchange(m_kernel, nullptr)) {
        kernel->resumeReading(); // nobody holds it back any more
        kernel->cancel(m_handle);
    }
}

} // namespace sandglass::engine
