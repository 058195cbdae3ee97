#include "tests/services/http/rawclient.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace sandglass::test {

RawClient::RawClient(std::uint16_t port, int receiveBuffer) : m_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    if (receiveBuffer > 0)
        ::setsockopt(m_fd.get(), SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
    const int on = 1;
    ::setsockopt(m_fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(m_fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
        m_fd.reset();
}

bool RawClient::send(std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t sent = ::send(m_fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void RawClient::finishSending()
{
    ::shutdown(m_fd.get(), SHUT_WR);
}

void RawClient::close()
{
    m_fd.reset();
}

void RawClient::reset()
{
    const linger hard{1, 0};
    ::setsockopt(m_fd.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    m_fd.reset();
}

bool RawClient::fill(int timeoutMs)
{
    pollfd waiting{m_fd.get(), POLLIN, 0};
    if (m_isPeerClosed || ::poll(&waiting, 1, timeoutMs) <= 0)
        return false;
    std::array<char, 65'536> bytes;
    const ssize_t count = ::recv(m_fd.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) {
        m_isPeerClosed = true;
        return false;
    }
    m_buffer.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
}

bool RawClient::fillUntil(std::size_t size, int timeoutMs)
{
    while (m_buffer.size() < size)
        if (!fill(timeoutMs))
            return false;
    return true;
}

std::string RawClient::takeLine(int timeoutMs)
{
    std::size_t end = 0;
    while ((end = m_buffer.find("\r\n")) == m_buffer.npos)
        if (!fill(timeoutMs))
            return {};
    std::string line = m_buffer.substr(0, end);
    m_buffer.erase(0, end + 2);
    return line;
}

void RawClient::readChunks(Reply &reply, int timeoutMs)
{
    for (;;) {
        const std::string line = takeLine(timeoutMs);
        if (line.empty())
            return;
        const std::size_t size = std::strtoull(line.c_str(), nullptr, 16);
        if (!fillUntil(size + 2, timeoutMs))
            return;
        if (size == 0) {
            m_buffer.erase(0, 2);
            reply.isComplete = true;
            return;
        }
        reply.chunks.push_back(m_buffer.substr(0, size));
        reply.body += reply.chunks.back();
        m_buffer.erase(0, size + 2);
    }
}

RawClient::Reply RawClient::reply(bool hasBody, int timeoutMs)
{
    Reply reply;
    std::size_t end = 0;
    while ((end = m_buffer.find("\r\n\r\n")) == m_buffer.npos)
        if (!fill(timeoutMs))
            return reply;
    reply.head = m_buffer.substr(0, end + 2);
    m_buffer.erase(0, end + 4);
    reply.status = std::atoi(reply.head.substr(reply.head.find(' ') + 1).c_str());
    if (!hasBody || reply.status < 200) {
        reply.isComplete = true;
    } else if (reply.head.find("Transfer-Encoding: chunked") != reply.head.npos) {
        readChunks(reply, timeoutMs);
    } else if (const auto at = reply.head.find("Content-Length: "); at != reply.head.npos) {
        const std::size_t length = std::strtoull(reply.head.c_str() + at + 16, nullptr, 10);
        reply.isComplete = fillUntil(length, timeoutMs);
        reply.body = m_buffer.substr(0, length);
        m_buffer.erase(0, std::min(length, m_buffer.size()));
    }
    return reply;
}

RawClient::Rest RawClient::readAll(int timeoutMs)
{
    while (fill(timeoutMs)) {
    }
    return {std::exchange(m_buffer, {}), m_isPeerClosed};
}

std::string RawClient::readSome(int timeoutMs)
{
    if (m_buffer.empty() && !fill(timeoutMs))
        return {};
    return std::exchange(m_buffer, {});
}

} // namespace sandglass::test
