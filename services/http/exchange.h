#pragma once

#include "services/http/server.h"

#include <atomic>
#include <mutex>
#include <variant>

namespace sandglass::http {

/// The way back into the server's thread, usable until the server is gone.
class Gate final
{
public:
    explicit Gate(boost::asio::io_context &io) : m_io(&io) {}

    enum class Place { ServerThread, OtherThread, ServerGone };
    [[nodiscard]] Place place() const; ///< where the caller stands
    /// False when the server is gone; `work` is dropped then.
    bool post(std::function<void()> work) const;
    void close();

private:
    mutable std::mutex m_mutex;
    boost::asio::io_context *m_io;
};

struct StreamHead
{
    int status;
    Headers headers;
    std::string first; ///< a chunk, unless it is empty
};
struct StreamChunk
{
    std::string bytes;
};
struct StreamEnd
{
    std::string last; ///< a chunk, unless it is empty
};
struct TunnelStart
{
    std::shared_ptr<TunnelEnd> end;
};
struct TunnelResumed
{};
struct DrainedCallback
{
    std::function<void()> call;
};
struct ClosedCallback
{
    std::function<void()> call;
};
struct Dropped
{};
/// What an Exchange asks of its connection.
using Step = std::variant<Response, StreamHead, StreamChunk, StreamEnd, TunnelStart, TunnelResumed, DrainedCallback,
                          ClosedCallback, Dropped>;

class StepTaker
{
public:
    virtual void take(Step &&step) = 0;
    virtual void checkDrained() = 0;

protected:
    ~StepTaker() = default;
};

/// Carries the steps of a connection's exchanges, in the order of the calls, from any thread to the server's thread.
/// Outlives the connection as long as somebody holds an exchange.
class Channel final : public std::enable_shared_from_this<Channel>
{
public:
    static constexpr std::size_t drainedMark = 256U << 10; ///< as promised by Exchange::onDrained

    Channel(std::shared_ptr<Gate> gate, StepTaker &taker) : m_gate(std::move(gate)), m_taker(&taker) {}

    void submit(std::uint64_t request, Step step); ///< any thread
    [[nodiscard]] std::size_t pendingBytes() const { return m_inboxBytes + m_socketBytes; }

    // The server's thread only:
    void begin(std::uint64_t request) { m_current = request; }
    void end() { m_current = 0; }
    void detach() { m_taker = nullptr; }
    void setSocketBytes(std::size_t bytes) { m_socketBytes = bytes; }
    [[nodiscard]] bool isDrained() const { return pendingBytes() < drainedMark; }
    /// True once after so much was pending that a writer may have stopped, and little is left.
    [[nodiscard]] bool takeDrained() { return isDrained() && m_wasFull.exchange(false); }

private:
    struct Entry
    {
        std::uint64_t request;
        Step step;
    };

    void drain();
    void discard();
    void deliver(Entry &entry);

    std::shared_ptr<Gate> m_gate;
    StepTaker *m_taker;
    std::uint64_t m_current = 0;
    std::atomic<std::size_t> m_inboxBytes = 0;
    std::atomic<std::size_t> m_socketBytes = 0;
    std::atomic<bool> m_wasFull = false;

    std::mutex m_mutex; ///< guards the two below
    std::vector<Entry> m_inbox;
    bool m_isDraining = false;
    std::vector<Entry> m_batch; ///< the server's thread only; keeps its capacity
};

class ChannelExchange final : public Exchange
{
public:
    ChannelExchange(std::shared_ptr<Channel> channel, std::uint64_t request)
        : m_channel(std::move(channel)), m_request(request)
    {}
    ~ChannelExchange() override;

    void respond(Response response) override;
    void startStream(int status, Headers headers, std::string first) override;
    void write(std::string chunk) override;
    void finish(std::string last) override;
    [[nodiscard]] std::size_t pendingBytes() const override { return m_channel->pendingBytes(); }
    void openTunnel(std::shared_ptr<TunnelEnd> end) override;
    void resumeTunnel() override;
    void onDrained(std::function<void()> callback) override;
    void onClosed(std::function<void()> callback) override;

private:
    std::shared_ptr<Channel> m_channel;
    std::uint64_t m_request;
    std::atomic<bool> m_isAnswered = false;
    std::atomic<bool> m_isTunnel = false;
};

} // namespace sandglass::http
