#include "services/engine/sandboxd/ports.h"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>

namespace sandglass::engine::ports {
namespace {

constexpr int backlog = 128;

int connectLoopback(int socket, std::uint16_t port, bool version6)
{
    if (version6) {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_addr = in6addr_loopback;
        address.sin6_port = htons(port);
        return connect(socket, reinterpret_cast<const sockaddr *>(&address), sizeof address);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return connect(socket, reinterpret_cast<const sockaddr *>(&address), sizeof address);
}

} // namespace

Error connectError(int error, std::uint16_t port)
{
    return {Error::Kind::Service, 0, "port " + std::to_string(port) + " of the sandbox: " + std::strerror(error),
            error == EADDRINUSE ? "already_exists" : "unavailable"};
}

Result<UniqueFd> beginConnect(std::uint16_t port, bool version6)
{
    UniqueFd socket(::socket(version6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || (connectLoopback(socket.get(), port, version6) != 0 && errno != EINPROGRESS))
        return failure(connectError(errno, port));
    return socket;
}

Result<UniqueFd> listenOn(std::uint16_t port)
{
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (!socket || setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
        || bind(socket.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0
        || listen(socket.get(), backlog) != 0)
        return failure(connectError(errno, port));
    return socket;
}

} // namespace sandglass::engine::ports
