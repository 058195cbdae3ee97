#pragma once

#include "services/core/json.h"
#include "services/engine/broker/sandbox.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sandglass::engine {

/// One running runner (resources/kernels/): its channel of JSON lines and its two output pipes. io thread only.
/// Order: whatever waits in the channel is handed on before bytes of a pipe, because the runner sends nothing while
/// earlier bytes wait in a pipe; with `pipesFirst` the pipes are emptied before its lines instead.
class KernelProcess final : public std::enable_shared_from_this<KernelProcess>
{
public:
    struct Callbacks
    {
        std::function<void(std::string line)> onLine;
        std::function<void(bool isStderr, std::string bytes)> onRaw; ///< whole UTF-8 sequences where there are such
        std::function<bool()> canTakeMore;                           ///< false: reading stops until resumeReading()
        std::function<void(std::string reason)> onEnded;             ///< once, after all output
        bool pipesFirst = false;
    };

    enum class Birth {
        Forked, ///< by the fork-server; without one, or when it refuses, Cold
        Cold,   ///< a program that starts from nothing
    };
    using Started = std::function<void(Result<std::shared_ptr<KernelProcess>>)>;
    static void start(std::shared_ptr<Sandbox> sandbox, boost::asio::io_context &io, SpawnSpec spec, Birth birth,
                      Callbacks callbacks, Started then);
    ~KernelProcess();

    void send(const std::string &text);
    void resumeReading();
    /// To the whole process group. `delivered` when no later request can meet this signal any more.
    void signal(int number, std::function<void()> delivered);
    /// Kills it and forgets the callbacks.
    void abandon();
    [[nodiscard]] Birth birth() const { return m_birth; }

private:
    struct Pipe
    {
        std::optional<boost::asio::posix::stream_descriptor> fd;
        bool waiting = false;
        std::string carry; ///< begin of a UTF-8 sequence
    };

    KernelProcess(std::shared_ptr<Sandbox> sandbox, boost::asio::io_context &io, Callbacks callbacks);
    void begin(SpawnSpec spec, Birth birth, Started then);
    void adopt(SpawnedProcess process);
    void watchPipe(bool isStderr);
    void watchChannel();
    [[nodiscard]] bool mayRead() const { return !m_callbacks.canTakeMore || m_callbacks.canTakeMore(); }
    /// True when the channel holds no more.
    bool readChannel(bool regardless);
    /// False when the lines have to wait with the bytes before them.
    bool handOnLines(bool regardless);
    void splitLines();
    bool readPipe(bool isStderr);
    void flushWrites();
    void exited(const ExitStatus &status);
    [[nodiscard]] Pipe &pipe(bool isStderr) { return isStderr ? m_stderr : m_stdout; }

    std::shared_ptr<Sandbox> m_sandbox;
    boost::asio::io_context &m_io;
    Callbacks m_callbacks;
    Birth m_birth = Birth::Cold;
    int m_pid = 0;
    Pipe m_stdout, m_stderr;
    std::optional<boost::asio::posix::stream_descriptor> m_channel;
    bool m_channelWaiting = false;
    bool m_writeWaiting = false;
    bool m_linesHeld = false;
    bool m_ended = false;
    std::string m_incoming;
    std::size_t m_scanned = 0;
    std::string m_outgoing;
};

} // namespace sandglass::engine
