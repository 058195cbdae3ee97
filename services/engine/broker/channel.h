#pragma once

#include "services/core/json.h"
#include "services/core/uniquefd.h"
#include "services/engine/sandboxd/wire.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace sandglass::engine {

/// One end of a wire socket on the engine's loop: messages out in order, messages in one by one. io thread only.
class Channel final : public std::enable_shared_from_this<Channel>
{
public:
    using OnMessage = std::function<void(wire::Incoming message)>;
    using OnClosed = std::function<void()>;

    Channel(boost::asio::io_context &io, UniqueFd socket);

    void start(OnMessage onMessage, OnClosed onClosed);
    /// False when the channel is closed, or so much waits already that the other side must be stuck.
    [[nodiscard]] bool send(Json body, std::vector<UniqueFd> fds = {});
    /// Hands on what has arrived by now: before close(), when the other side is known to have ended by other means.
    void takeRest();
    void close();
    [[nodiscard]] bool isOpen() const { return m_socket.is_open(); }

private:
    struct Outgoing
    {
        Json body;
        std::vector<UniqueFd> fds;
    };

    void waitToRead();
    void readAll();
    void flush();
    void fail();

    boost::asio::posix::stream_descriptor m_socket;
    std::deque<Outgoing> m_outgoing;
    OnMessage m_onMessage;
    OnClosed m_onClosed;
    bool m_waitingToWrite = false;
};

} // namespace sandglass::engine
