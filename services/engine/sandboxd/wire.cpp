#include "services/engine/sandboxd/wire.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandglass::engine::wire {
namespace {

constexpr std::size_t packetBytes = 64U << 10; // well below the default send buffer of 208 KiB
constexpr char inMemoryFile = '@';             // the body is in the last descriptor

UniqueFd toMemoryFile(const std::string &text)
{
    UniqueFd file(memfd_create("body", MFD_CLOEXEC));
    std::size_t done = 0;
    while (file && done < text.size()) {
        const ssize_t n = pwrite(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
        if (n <= 0)
            return {};
        done += static_cast<std::size_t>(n);
    }
    return file;
}

bool fromMemoryFile(int fd, std::string &text)
{
    struct stat status
    {};
    if (fstat(fd, &status) != 0 || status.st_size < 0 || static_cast<std::size_t>(status.st_size) > maxBodyBytes)
        return false;
    text.resize(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
        if (n <= 0)
            return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

bool sendPacket(int socket, const std::string &packet, const std::vector<int> &fds)
{
    iovec part{const_cast<char *>(packet.data()), packet.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * (maxFds + 1))> control{};
    if (!fds.empty()) {
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
        cmsghdr *rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
        std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(int) * fds.size());
    }
    ssize_t sent = 0;
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

std::vector<UniqueFd> takeRights(msghdr &header)
{
    std::vector<UniqueFd> fds;
    for (cmsghdr *c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            fds.emplace_back(fd);
        }
    }
    return fds;
}

} // namespace

bool send(int socket, const Json &body, const std::vector<int> &fds)
{
    if (fds.size() > maxFds) {
        errno = EINVAL;
        return false;
    }
    const std::string text = dumpJson(body);
    if (text.size() <= packetBytes)
        return sendPacket(socket, text, fds);
    if (text.size() > maxBodyBytes) {
        errno = EMSGSIZE;
        return false;
    }
    const UniqueFd file = toMemoryFile(text);
    if (!file)
        return false;
    std::vector<int> all = fds;
    all.push_back(file.get());
    return sendPacket(socket, std::string(1, inMemoryFile), all);
}

Incoming receive(int socket)
{
    // Not zeroed: most messages are small, and of the rest of the buffer not even a page is touched.
    const std::unique_ptr<char[]> buffer(new char[packetBytes + 1]);
    iovec part{buffer.get(), packetBytes + 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * (maxFds + 1))> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ssize_t got = 0;
    bool reset = false;
    for (;;) {
        got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
        if (got >= 0 || (errno != EINTR && (errno != ECONNRESET || reset)))
            break;
        // The other side ended without reading everything: its last words still wait behind this error.
        reset = errno == ECONNRESET;
    }

    Incoming incoming;
    if (got <= 0) {
        incoming.state =
            got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? Incoming::State::Nothing : Incoming::State::Closed;
        return incoming;
    }
    incoming.fds = takeRights(header);
    std::string packet(buffer.get(), static_cast<std::size_t>(got));
    if (packet.front() == inMemoryFile) {
        if (incoming.fds.empty() || !fromMemoryFile(incoming.fds.back().get(), packet))
            packet.clear();
        else
            incoming.fds.pop_back();
    }
    incoming.body = Json::parse(packet, nullptr, false);
    incoming.state = incoming.body.is_object() ? Incoming::State::Message : Incoming::State::Malformed;
    return incoming;
}

bool socketPair(UniqueFd &first, UniqueFd &second)
{
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return false;
    first.reset(ends[0]);
    second.reset(ends[1]);
    return true;
}

} // namespace sandglass::engine::wire
