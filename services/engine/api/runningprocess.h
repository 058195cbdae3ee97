#pragma once

#include "services/core/json.h"
#include "services/engine/broker/sandbox.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::engine {

/// A process of a sandbox and the streams that listen to it. Output without listeners is dropped; a listener that
/// takes nothing stops the reading, so that the process blocks instead of our memory growing. io thread only.
class RunningProcess final : public std::enable_shared_from_this<RunningProcess>
{
public:
    enum class Output { Stdout, Stderr, Pty };
    class Listener
    {
    public:
        virtual ~Listener() = default;
        virtual void data(Output kind, std::string_view bytes) = 0;
        virtual void end(const ExitStatus &status) = 0; ///< the last call
        virtual void fail(const Error &error) = 0;      ///< the last call: the sandbox is gone
        /// True while it cannot take more; it calls resumeReading() when it can again.
        [[nodiscard]] virtual bool isFull() = 0;
    };

    RunningProcess(boost::asio::io_context &io, SpawnedProcess spawned, Json config, std::string tag);

    void begin();
    void add(std::shared_ptr<Listener> listener); ///< tells an end that was before
    void remove(const Listener *listener);
    void resumeReading();

    void setExit(ExitStatus status);
    /// End when the process exits, even if somebody still holds its pipes.
    void abandonOutputAtExit() { m_abandon = true; }
    void failAll(const Error &error);
    /// Calls `act` unless the process has ended by then. Survives the client that asked for it.
    void setDeadline(std::chrono::milliseconds limit, std::function<void()> act);

    /// `then` when the process has taken everything. Errors in envd's words.
    void write(std::string bytes, bool toPty, std::function<void(Result<>)> then);
    [[nodiscard]] Result<> closeStdin();

    [[nodiscard]] int pid() const { return m_pid; }
    [[nodiscard]] const std::string &tag() const { return m_tag; }
    [[nodiscard]] const Json &config() const { return m_config; }
    [[nodiscard]] bool hasEnded() const { return m_ended; }
    [[nodiscard]] bool hasPty() const { return m_isPty; }

private:
    using Descriptor = boost::asio::posix::stream_descriptor;
    struct Source
    {
        Source(Descriptor d, Output k) : descriptor(std::move(d)), kind(k) {}
        Descriptor descriptor;
        Output kind;
        bool open = true, reading = false, draining = false;
        std::array<char, 32U << 10> buffer{};
    };
    struct Write
    {
        std::string bytes;
        std::function<void(Result<>)> then;
    };

    void addSource(boost::asio::io_context &io, UniqueFd fd, Output kind);
    void read(const std::shared_ptr<Source> &source);
    void deliver(Output kind, std::string_view bytes);
    void drainNow();
    void drain(Source &source);
    void endWhenDone();
    void writeNext();
    [[nodiscard]] bool anyListenerFull();

    int m_pid;
    Json m_config;
    std::string m_tag;
    bool m_isPty = false, m_ended = false, m_abandon = false, m_writing = false;
    std::vector<std::shared_ptr<Source>> m_sources;
    std::optional<Descriptor> m_input;
    std::deque<Write> m_writes;
    std::vector<std::shared_ptr<Listener>> m_listeners;
    std::optional<ExitStatus> m_exit;
    boost::asio::steady_timer m_deadline;
};

} // namespace sandglass::engine
