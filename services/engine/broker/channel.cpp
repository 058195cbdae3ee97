#include "services/engine/broker/channel.h"

#include <boost/asio/io_context.hpp>

#include <cerrno>
#include <utility>

namespace sandglass::engine {
namespace {

constexpr std::size_t maxWaiting = 4096;
constexpr int messagesPerTurn = 64; // then other descriptors of the loop have their turn

} // namespace

Channel::Channel(boost::asio::io_context &io, UniqueFd socket) : m_socket(io, socket.release())
{
    m_socket.native_non_blocking(true);
}

void Channel::start(OnMessage onMessage, OnClosed onClosed)
{
    m_onMessage = std::move(onMessage);
    m_onClosed = std::move(onClosed);
    waitToRead();
}

bool Channel::send(Json body, std::vector<UniqueFd> fds)
{
    if (!m_socket.is_open() || m_outgoing.size() >= maxWaiting)
        return false;
    m_outgoing.push_back({std::move(body), std::move(fds)});
    if (!m_waitingToWrite)
        flush();
    return true;
}

void Channel::takeRest()
{
    for (std::size_t i = 0; i < maxWaiting && m_socket.is_open(); ++i) {
        wire::Incoming incoming = wire::receive(m_socket.native_handle());
        if (incoming.state != wire::Incoming::State::Message || !m_onMessage)
            return;
        const OnMessage handler = m_onMessage; // the handler may close this channel
        handler(std::move(incoming));
    }
}

void Channel::close()
{
    boost::system::error_code ignored;
    m_socket.close(ignored);
    m_outgoing.clear();
    m_onMessage = nullptr;
    m_onClosed = nullptr;
}

void Channel::flush()
{
    while (!m_outgoing.empty() && m_socket.is_open()) {
        const Outgoing &next = m_outgoing.front();
        std::vector<int> numbers;
        for (const UniqueFd &fd : next.fds)
            numbers.push_back(fd.get());
        if (!wire::send(m_socket.native_handle(), next.body, numbers)) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                return; // the reading side reports the end
            m_waitingToWrite = true;
            m_socket.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                                [self = shared_from_this()](const boost::system::error_code &error) {
                                    self->m_waitingToWrite = false;
                                    if (!error)
                                        self->flush();
                                });
            return;
        }
        m_outgoing.pop_front();
    }
}

void Channel::waitToRead()
{
    m_socket.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](const boost::system::error_code &error) {
                            if (!error)
                                self->readAll();
                        });
}

void Channel::readAll()
{
    for (int i = 0; i < messagesPerTurn && m_socket.is_open(); ++i) {
        wire::Incoming incoming = wire::receive(m_socket.native_handle());
        if (incoming.state == wire::Incoming::State::Nothing)
            break;
        if (incoming.state != wire::Incoming::State::Message)
            return fail();
        if (m_onMessage) {
            const OnMessage handler = m_onMessage; // the handler may close this channel
            handler(std::move(incoming));
        }
    }
    if (m_socket.is_open())
        waitToRead();
}

void Channel::fail()
{
    const OnClosed handler = std::exchange(m_onClosed, nullptr);
    close();
    if (handler)
        handler();
}

} // namespace sandglass::engine
