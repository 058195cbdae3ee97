#include "services/http/connection.h"

#include "services/http/message.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <fmt/format.h>

#include <array>
#include <type_traits>

namespace sandglass::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t joinLimit = 16U << 10;   // smaller pieces are copied together into one
constexpr std::size_t writePiece = 256U << 10; // what must be taken within one write deadline
constexpr std::size_t gatherLimit = 16;

} // namespace

void Connection::take(Step &&step)
{
    if (m_phase != Phase::Answer && m_phase != Phase::Tunnel)
        return;
    const auto self = shared_from_this();
    std::visit(
        [this]<typename T>(T &&value) {
            using Kind = std::decay_t<T>;
            if constexpr (std::is_same_v<Kind, Response>)
                sendAnswer(std::move(value));
            else if constexpr (std::is_same_v<Kind, StreamHead>)
                startStream(std::move(value));
            else if constexpr (std::is_same_v<Kind, StreamChunk>)
                sendChunk(std::move(value.bytes));
            else if constexpr (std::is_same_v<Kind, StreamEnd>)
                finishStream(std::move(value.last));
            else if constexpr (std::is_same_v<Kind, TunnelStart>)
                openTunnel(std::move(value.end));
            else if constexpr (std::is_same_v<Kind, TunnelResumed>) {
                m_isTunnelHeld = false;
                process();
            } else if constexpr (std::is_same_v<Kind, Dropped>)
                dropAnswer();
            else if constexpr (std::is_same_v<Kind, DrainedCallback>) {
                m_onDrained = std::move(value.call);
                if (const auto callback = m_onDrained; callback && m_channel->isDrained())
                    callback(); // a copy is called: it may set another
            } else {
                m_onClosed = std::move(value.call);
                if (m_isPeerGone && !m_isTunnel)
                    tellClosed();
            }
        },
        std::move(step));
}

void Connection::sendAnswer(Response response)
{
    if (m_isAnswered || m_isStreaming)
        return;
    if (m_phase == Phase::Tunnel) { // which had sent nothing yet
        m_phase = Phase::Answer;
        m_tunnel = nullptr;
    }
    m_isAnswered = true;
    m_isBodyMuted = m_isHead || isBodyless(response.status);
    for (const auto &[name, value] : response.headers)
        if (equalsIgnoringCase(name, "connection") && equalsIgnoringCase(value, "close"))
            m_keepAlive = false;
    enqueue(headText(response.status, response.headers, false, response.body.size()));
    if (!m_isBodyMuted)
        enqueue(std::move(response.body));
    flush();
}

void Connection::startStream(StreamHead head)
{
    if (m_isAnswered || m_isStreaming || m_phase == Phase::Tunnel)
        return;
    m_isStreaming = true;
    m_isBodyMuted = m_isHead || isBodyless(head.status);
    if (m_isHttp10)
        m_keepAlive = false; // without chunks only the end of the connection ends the body
    enqueue(headText(head.status, head.headers, true, 0));
    enqueueChunk(std::move(head.first));
    flush();
}

void Connection::openTunnel(std::shared_ptr<TunnelEnd> end)
{
    if (!m_isTunnel || m_isAnswered || m_isStreaming)
        return;
    m_phase = Phase::Tunnel;
    m_deadline = Monotonic::time_point::max();
    m_tunnel = std::move(end);
    m_isTunnelHeld = false;
    process();
}

void Connection::closeTunnelHalf()
{
    if (std::exchange(m_isAnswered, true))
        return;
    std::string end;
    if (m_tls && !std::exchange(m_isEndSealed, true))
        m_tls->sealEnd(end);
    enqueueRaw(std::move(end));
    flush();
}

void Connection::sendChunk(std::string bytes)
{
    if (m_phase == Phase::Tunnel && !m_isAnswered) {
        m_isStreaming = true;
        enqueue(std::move(bytes));
        return flush();
    }
    if (!m_isStreaming || m_isAnswered)
        return;
    enqueueChunk(std::move(bytes));
    flush();
}

void Connection::enqueueChunk(std::string bytes)
{
    if (bytes.empty() || m_isBodyMuted)
        return;
    if (!m_isHttp10) {
        enqueue(fmt::format("{:x}\r\n", bytes.size()));
        bytes += "\r\n";
    }
    enqueue(std::move(bytes));
}

void Connection::finishStream(std::string last)
{
    if (m_phase == Phase::Tunnel) {
        if (!m_isAnswered)
            enqueue(std::move(last));
        return closeTunnelHalf();
    }
    if (!m_isStreaming || m_isAnswered)
        return dropAnswer();
    enqueueChunk(std::move(last));
    m_isAnswered = true;
    if (!m_isBodyMuted && !m_isHttp10)
        enqueue("0\r\n\r\n");
    flush();
}

void Connection::dropAnswer()
{
    if (m_phase == Phase::Tunnel) {
        if (!m_isAnswered)
            return close(false);
        m_tunnel = nullptr; // nobody takes what the peer sends: the last bytes go out, then all is over
        return m_outputBytes == 0 ? onFlushed() : void();
    }
    if (m_isAnswered)
        return;
    if (m_isStreaming)
        return close(false); // cut without the last chunk, so that the peer can tell
    sendAnswer(Response::error(500, "the request was not answered"));
}

void Connection::completeAnswer()
{
    m_channel->end();
    m_phase = Phase::Head;
    m_deadline = Monotonic::now() + m_hub.options.headerDeadline;
    // Emptied first, destroyed at the end: they may own the last reference to an exchange.
    const auto drained = std::exchange(m_onDrained, nullptr);
    const auto closed = std::exchange(m_onClosed, nullptr);
    if (!m_keepAlive || m_hub.isStopping) {
        if (m_isPeerGone || (m_input.size() == 0 && !m_isTunnel))
            return close();
        m_phase = Phase::Closing;
        m_deadline = Monotonic::now() + std::chrono::seconds(1);
        return onFlushed();
    }
    process(); // does nothing when it is process() that got us here
}

void Connection::checkDrained()
{
    if ((m_phase != Phase::Answer && m_phase != Phase::Tunnel) || m_isAnswered || !m_channel->takeDrained())
        return;
    if (const auto callback = m_onDrained)
        callback();
}

void Connection::tellClosed()
{
    if (const auto callback = std::exchange(m_onClosed, nullptr))
        callback();
}

std::string Connection::headText(int status, const Headers &headers, bool isChunked, std::size_t bodySize)
{
    HeadOptions options;
    options.serverName = m_hub.options.serverName;
    options.date = m_hub.date();
    options.keepAlive = m_keepAlive;
    options.isHttp10 = m_isHttp10;
    options.isChunked = isChunked;
    options.bodySize = bodySize;
    std::string text;
    appendHead(text, status, headers, options);
    return text;
}

void Connection::enqueue(std::string bytes)
{
    if (!m_tls)
        return enqueueRaw(std::move(bytes));
    std::string sealed;
    if (m_tls->seal(bytes, sealed))
        enqueueRaw(std::move(sealed));
}

void Connection::enqueueRaw(std::string bytes)
{
    if (bytes.empty())
        return;
    m_outputBytes += bytes.size();
    if (m_output.size() > m_outputInFlight && m_output.back().size() + bytes.size() <= joinLimit)
        m_output.back() += bytes;
    else
        m_output.push_back(std::move(bytes));
    m_channel->setSocketBytes(m_outputBytes);
}

// Tries at once, and waits for the socket only when it is full: most answers never touch the reactor.
void Connection::flush()
{
    if (m_isWriting || m_phase == Phase::Closed)
        return;
    while (!m_output.empty()) {
        std::array<asio::const_buffer, gatherLimit> buffers;
        const std::size_t count = std::min(gatherLimit, m_output.size());
        for (std::size_t i = 0; i < count; ++i)
            buffers[i] = asio::buffer(m_output[i]);
        buffers[0] += m_outputOffset;
        ErrorCode ec;
        // Of one piece, as most answers are, Asio makes a send(2), of several a sendmsg(2), which costs more.
        const std::size_t sent = count == 1 ? m_socket.write_some(buffers[0], ec) : m_socket.write_some(buffers, ec);
        if (ec == asio::error::would_block) {
            if (m_writeBudget == 0) {
                m_writeBudget = std::min(writePiece, m_outputBytes);
                if (m_phase == Phase::Answer || (m_phase == Phase::Tunnel && m_isAnswered))
                    m_deadline = Monotonic::now() + m_hub.options.writeDeadline;
            }
            m_isWriting = true;
            m_outputInFlight = count;
            m_socket.async_write_some(
                buffers, [self = shared_from_this()](const ErrorCode &e, std::size_t n) { self->onWritten(e, n); });
            return;
        }
        if (ec)
            return close();
        advance(sent);
    }
    m_writeBudget = 0;
    if (m_phase == Phase::Answer || m_phase == Phase::Tunnel)
        m_deadline = Monotonic::time_point::max();
    onFlushed();
}

void Connection::onWritten(ErrorCode ec, std::size_t count)
{
    m_isWriting = false;
    m_outputInFlight = 0;
    if (m_phase == Phase::Closed)
        return;
    if (ec)
        return close();
    advance(count);
    flush();
    checkDrained();
}

void Connection::advance(std::size_t count)
{
    m_outputBytes -= count;
    m_writeBudget -= std::min(m_writeBudget, count);
    m_channel->setSocketBytes(m_outputBytes);
    m_outputOffset += count;
    while (!m_output.empty() && m_outputOffset >= m_output.front().size()) {
        m_outputOffset -= m_output.front().size();
        m_output.pop_front();
    }
}

void Connection::onFlushed()
{
    if (m_phase == Phase::Answer) {
        if (m_isAnswered)
            completeAnswer();
        return;
    }
    if (m_phase == Phase::Tunnel && m_isAnswered) {
        ErrorCode ec;
        m_socket.shutdown(TcpSocket::shutdown_send, ec);
        if (m_isPeerGone)
            return close();
        if (m_tunnel)
            return;
        m_phase = Phase::Closing; // closing at once would let unread bytes turn our last ones into a reset
        m_deadline = Monotonic::now() + std::chrono::seconds(1);
        return read();
    }
    if (m_phase != Phase::Closing)
        return;
    if (m_isPeerGone)
        return close();
    if (m_tls && !std::exchange(m_isEndSealed, true)) {
        std::string end;
        m_tls->sealEnd(end);
        enqueueRaw(std::move(end));
        return flush();
    }
    ErrorCode ec;
    m_socket.shutdown(TcpSocket::shutdown_send, ec);
    read();
}

} // namespace sandglass::http
