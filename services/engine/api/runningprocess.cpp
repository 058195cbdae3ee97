#include "services/engine/api/runningprocess.h"

#include "services/engine/api/connect.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>

#include <unistd.h>

#include <algorithm>

namespace sandglass::engine {

namespace asio = boost::asio;
using boost::system::error_code;

RunningProcess::RunningProcess(asio::io_context &io, SpawnedProcess spawned, Json config, std::string tag)
    : m_pid(spawned.pid)
    , m_config(std::move(config))
    , m_tag(std::move(tag))
    , m_isPty(bool(spawned.ptyFd))
    , m_deadline(io)
{
    if (m_isPty) {
        UniqueFd writing(::dup(spawned.ptyFd.get()));
        if (writing)
            m_input.emplace(io, writing.release());
        addSource(io, std::move(spawned.ptyFd), Output::Pty);
        return;
    }
    if (spawned.stdinFd)
        m_input.emplace(io, spawned.stdinFd.release());
    addSource(io, std::move(spawned.stdoutFd), Output::Stdout);
    addSource(io, std::move(spawned.stderrFd), Output::Stderr);
}

void RunningProcess::addSource(asio::io_context &io, UniqueFd fd, Output kind)
{
    if (fd)
        m_sources.push_back(std::make_shared<Source>(Descriptor(io, fd.release()), kind));
}

void RunningProcess::begin()
{
    for (const auto &source : m_sources)
        read(source);
}

void RunningProcess::read(const std::shared_ptr<Source> &source)
{
    if (!source->open || source->reading || anyListenerFull())
        return;
    source->reading = true;
    source->descriptor.async_read_some(asio::buffer(source->buffer),
                                       [self = shared_from_this(), source](const error_code &error, std::size_t count) {
                                           source->reading = false;
                                           if (!source->open)
                                               return;
                                           if (!error)
                                               self->deliver(source->kind, {source->buffer.data(), count});
                                           if (source->draining) {
                                               self->drain(*source);
                                               self->endWhenDone();
                                               return;
                                           }
                                           if (error) { // a pty says EIO where a pipe says end of file
                                               source->open = false;
                                               error_code ignored;
                                               source->descriptor.close(ignored);
                                               self->endWhenDone();
                                               return;
                                           }
                                           self->read(source);
                                       });
}

void RunningProcess::deliver(Output kind, std::string_view bytes)
{
    for (const auto &listener : std::vector(m_listeners))
        listener->data(kind, bytes);
}

bool RunningProcess::anyListenerFull()
{
    return std::any_of(m_listeners.begin(), m_listeners.end(), [](const auto &listener) { return listener->isFull(); });
}

void RunningProcess::add(std::shared_ptr<Listener> listener)
{
    if (m_ended && m_exit)
        listener->end(*m_exit);
    else
        m_listeners.push_back(std::move(listener));
}

void RunningProcess::remove(const Listener *listener)
{
    std::erase_if(m_listeners, [&](const auto &each) { return each.get() == listener; });
    resumeReading();
}

void RunningProcess::resumeReading()
{
    for (const auto &source : m_sources)
        read(source);
}

void RunningProcess::setExit(ExitStatus status)
{
    m_exit = std::move(status);
    if (m_abandon)
        drainNow();
    endWhenDone();
}

void RunningProcess::drainNow()
{
    for (const auto &source : m_sources) {
        if (!source->open)
            continue;
        source->draining = true;
        error_code ignored;
        if (source->reading) // what it has read already is told first
            source->descriptor.cancel(ignored);
        else
            drain(*source);
    }
}

/// What the process wrote before it died is in the pipe; what somebody may write later is not waited for.
void RunningProcess::drain(Source &source)
{
    constexpr int kMostReads = 64; // a living descendant may write for ever
    error_code error;
    source.descriptor.non_blocking(true, error);
    for (int reads = 0; reads < kMostReads && !anyListenerFull(); ++reads) {
        const std::size_t count = source.descriptor.read_some(asio::buffer(source.buffer), error);
        if (error || count == 0)
            break;
        deliver(source.kind, {source.buffer.data(), count});
    }
    source.open = false;
    source.descriptor.close(error);
}

void RunningProcess::endWhenDone()
{
    const bool drained = std::none_of(m_sources.begin(), m_sources.end(), [](const auto &s) { return s->open; });
    if (m_ended || !m_exit || !drained)
        return;
    m_ended = true;
    m_deadline.cancel();
    (void)closeStdin();
    for (const auto &listener : std::exchange(m_listeners, {}))
        listener->end(*m_exit);
}

void RunningProcess::failAll(const Error &error)
{
    m_ended = true;
    m_deadline.cancel();
    for (const auto &source : m_sources) {
        source->open = false;
        error_code ignored;
        source->descriptor.close(ignored);
    }
    m_input.reset();
    for (const auto &listener : std::exchange(m_listeners, {}))
        listener->fail(error);
    for (const Write &write : std::exchange(m_writes, {}))
        write.then(failure(error));
}

void RunningProcess::setDeadline(std::chrono::milliseconds limit, std::function<void()> act)
{
    m_deadline.expires_after(limit);
    m_deadline.async_wait([weak = weak_from_this(), act = std::move(act)](const error_code &error) {
        const auto self = weak.lock();
        if (!error && self && !self->m_ended)
            act();
    });
}

void RunningProcess::write(std::string bytes, bool toPty, std::function<void(Result<>)> then)
{
    if (toPty != m_isPty) {
        then(rpcFailure("internal",
                        m_isPty ? "error writing to stdin: the process has a pty"
                                : "error writing to pty: tty not assigned to process"));
        return;
    }
    if (!m_input) {
        then(rpcFailure("internal", "error writing to stdin: stdin not enabled or closed"));
        return;
    }
    m_writes.push_back({std::move(bytes), std::move(then)});
    if (!m_writing)
        writeNext();
}

void RunningProcess::writeNext()
{
    if (m_writes.empty() || !m_input)
        return;
    m_writing = true;
    asio::async_write(*m_input, asio::buffer(m_writes.front().bytes),
                      [self = shared_from_this()](const error_code &error, std::size_t) {
                          self->m_writing = false;
                          if (self->m_writes.empty())
                              return;
                          auto then = std::move(self->m_writes.front().then);
                          self->m_writes.pop_front();
                          if (error)
                              then(rpcFailure("internal", "error writing to stdin: " + error.message()));
                          else
                              then({});
                          self->writeNext();
                      });
}

Result<> RunningProcess::closeStdin()
{
    if (m_isPty)
        return rpcFailure("unknown", "cannot close the stdin of a pty; send 0x04 instead");
    if (!m_input)
        return {};
    error_code ignored;
    m_input->close(ignored);
    m_input.reset();
    for (const Write &write : std::exchange(m_writes, {}))
        write.then(rpcFailure("internal", "error writing to stdin: stdin not enabled or closed"));
    return {};
}

} // namespace sandglass::engine
