#include "services/engine/kernels/kernelprocess.h"

#include <boost/asio/io_context.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sandglass::engine {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr std::size_t readBytes = 64U << 10;
constexpr std::size_t maxLine = 64U << 20; // the runner bounds its lines at half of this
constexpr int readsPerTurn = 8;

/// Bytes at the end of `text` that begin a UTF-8 sequence without ending it.
std::size_t incompleteTail(const std::string &text)
{
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xC0U) == 0x80U)
            continue;
        const std::size_t length = byte >= 0xF0U ? 4 : byte >= 0xE0U ? 3 : byte >= 0xC0U ? 2 : 1;
        return length > back ? back : 0;
    }
    return 0;
}

} // namespace

KernelProcess::KernelProcess(std::shared_ptr<Sandbox> sandbox, boost::asio::io_context &io, Callbacks callbacks)
    : m_sandbox(std::move(sandbox)), m_io(io), m_callbacks(std::move(callbacks))
{}

KernelProcess::~KernelProcess()
{
    if (!m_ended && m_pid > 0)
        m_sandbox->signal(-m_pid, SIGKILL, [](Result<>) {});
}

void KernelProcess::start(std::shared_ptr<Sandbox> sandbox, boost::asio::io_context &io, SpawnSpec spec, Birth birth,
                          Callbacks callbacks, Started then)
{
    spec.wantChannel = true;
    const std::shared_ptr<KernelProcess> process(new KernelProcess(std::move(sandbox), io, std::move(callbacks)));
    process->begin(std::move(spec), birth, std::move(then));
}

void KernelProcess::begin(SpawnSpec spec, Birth birth, Started then)
{
    m_birth = birth;
    if (birth == Birth::Cold)
        return m_sandbox->spawn(std::move(spec), [self = shared_from_this(), then](Result<SpawnedProcess> process) {
            if (!process)
                return then(tl::unexpected(process.error()));
            self->adopt(std::move(*process));
            then(self);
        });
    m_sandbox->forkPython([self = shared_from_this(), spec = std::move(spec), then](Result<SpawnedProcess> process) {
        if (!process)
            return self->begin(spec, Birth::Cold, then);
        self->adopt(std::move(*process));
        self->send(dumpJson({{"environment", spec.environment}, {"directory", spec.workingDirectory}}) + "\n");
        then(self);
    });
}

void KernelProcess::adopt(SpawnedProcess process)
{
    m_pid = process.pid;
    m_stdout.fd.emplace(m_io, process.stdoutFd.release());
    m_stderr.fd.emplace(m_io, process.stderrFd.release());
    m_channel.emplace(m_io, process.channelFd.release());
    const auto weak = weak_from_this();
    m_sandbox->onExit([weak, pid = m_pid](int ended, const ExitStatus &status) {
        if (const auto self = weak.lock(); self && ended == pid)
            self->exited(status);
    });
    m_sandbox->onGone([weak](const std::string &reason) {
        if (const auto self = weak.lock())
            self->exited({false, SIGKILL, reason});
    });
    resumeReading();
}

void KernelProcess::resumeReading()
{
    if (m_linesHeld && !handOnLines(false))
        return;
    watchChannel();
    watchPipe(false);
    watchPipe(true);
}

void KernelProcess::watchChannel()
{
    if (m_channelWaiting || !m_channel || !m_channel->is_open())
        return;
    m_channelWaiting = true;
    m_channel->async_wait(Descriptor::wait_read, [weak = weak_from_this()](const boost::system::error_code &error) {
        const auto self = weak.lock();
        if (!self || error)
            return;
        self->m_channelWaiting = false;
        self->readChannel(false);
        if (self->mayRead())
            self->watchChannel();
    });
}

void KernelProcess::watchPipe(bool isStderr)
{
    Pipe &source = pipe(isStderr);
    if (source.waiting || !source.fd || !source.fd->is_open())
        return;
    source.waiting = true;
    source.fd->async_wait(Descriptor::wait_read,
                          [weak = weak_from_this(), isStderr](const boost::system::error_code &error) {
                              const auto self = weak.lock();
                              if (!self || error)
                                  return;
                              self->pipe(isStderr).waiting = false;
                              if (self->readChannel(false) && self->mayRead())
                                  self->readPipe(isStderr);
                              if (self->mayRead())
                                  self->watchPipe(isStderr);
                          });
}

bool KernelProcess::readChannel(bool regardless)
{
    const auto self = shared_from_this(); // a line may lead to abandon()
    static thread_local std::array<char, readBytes> buffer;
    for (int i = 0; regardless || i < readsPerTurn; ++i) {
        if (!m_channel || !m_channel->is_open())
            return true;
        if (!regardless && (m_linesHeld || !mayRead()))
            return false;
        const ssize_t n = read(m_channel->native_handle(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (n <= 0) {
            m_channel->close(); // its exit is told by the sandbox
            return true;
        }
        m_incoming.append(buffer.data(), static_cast<std::size_t>(n));
        if (!handOnLines(regardless))
            return false;
    }
    return false;
}

bool KernelProcess::handOnLines(bool regardless)
{
    const auto self = shared_from_this();
    constexpr int readsPerPipe = 2; // what the runner had written is no more than a pipe holds
    m_linesHeld = false;
    if (m_callbacks.pipesFirst) {
        for (const bool isStderr : {false, true}) {
            for (int i = 0; i < readsPerPipe; ++i) {
                m_linesHeld = !regardless && !mayRead();
                if (m_linesHeld)
                    return false;
                if (!readPipe(isStderr))
                    break;
            }
        }
    }
    splitLines();
    return true;
}

void KernelProcess::splitLines()
{
    std::size_t begin = 0;
    for (auto end = m_incoming.find('\n', m_scanned); end != std::string::npos; end = m_incoming.find('\n', begin)) {
        std::string line = m_incoming.substr(begin, end - begin);
        begin = end + 1;
        if (m_callbacks.onLine && !line.empty())
            m_callbacks.onLine(std::move(line));
        if (m_ended)
            return;
    }
    m_incoming.erase(0, begin);
    m_scanned = m_incoming.size();
    if (m_incoming.size() > maxLine) { // only code that writes to the channel itself does this
        m_incoming.clear();
        m_scanned = 0;
        signal(SIGKILL, {});
    }
}

bool KernelProcess::readPipe(bool isStderr)
{
    Pipe &source = pipe(isStderr);
    static thread_local std::array<char, readBytes> buffer;
    if (!source.fd || !source.fd->is_open())
        return false;
    const ssize_t n = read(source.fd->native_handle(), buffer.data(), buffer.size());
    if (n < 0)
        return errno == EINTR;
    std::string text = std::exchange(source.carry, {});
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (n == 0)
        source.fd->close();
    else if (const std::size_t tail = incompleteTail(text); tail > 0) {
        source.carry = text.substr(text.size() - tail);
        text.resize(text.size() - tail);
    }
    if (!text.empty() && m_callbacks.onRaw)
        m_callbacks.onRaw(isStderr, std::move(text));
    return n > 0;
}

void KernelProcess::send(const std::string &text)
{
    m_outgoing += text;
    if (!m_writeWaiting)
        flushWrites();
}

void KernelProcess::flushWrites()
{
    while (!m_outgoing.empty() && m_channel && m_channel->is_open()) {
        const ssize_t n = ::send(m_channel->native_handle(), m_outgoing.data(), m_outgoing.size(), MSG_NOSIGNAL);
        if (n > 0) {
            m_outgoing.erase(0, static_cast<std::size_t>(n));
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return; // ended: the sandbox says so
        m_writeWaiting = true;
        m_channel->async_wait(Descriptor::wait_write,
                              [weak = weak_from_this()](const boost::system::error_code &error) {
                                  const auto self = weak.lock();
                                  if (!self || error)
                                      return;
                                  self->m_writeWaiting = false;
                                  self->flushWrites();
                              });
        return;
    }
}

void KernelProcess::signal(int number, std::function<void()> delivered)
{
    m_sandbox->signal(-m_pid, number, [delivered = std::move(delivered)](Result<>) {
        if (delivered)
            delivered();
    });
}

void KernelProcess::exited(const ExitStatus &status)
{
    if (m_ended)
        return;
    const auto self = shared_from_this();
    // What is left is bounded by the kernel's buffers.
    readChannel(true);
    while (!m_ended && readPipe(false)) {
    }
    while (!m_ended && readPipe(true)) {
    }
    if (std::exchange(m_ended, true))
        return;
    const auto ended = std::move(m_callbacks.onEnded);
    m_callbacks = {};
    m_stdout.fd.reset();
    m_stderr.fd.reset();
    m_channel.reset();
    std::string reason = status.reason;
    if (reason.empty())
        reason = (status.exited ? "exit status " : "signal ") + std::to_string(status.code);
    if (ended)
        ended(std::move(reason));
}

void KernelProcess::abandon()
{
    if (std::exchange(m_ended, true))
        return;
    m_callbacks = {};
    signal(SIGKILL, {});
    m_stdout.fd.reset();
    m_stderr.fd.reset();
    m_channel.reset();
}

} // namespace sandglass::engine
