#include "app/collector/notify.h"

#include "services/core/uniquefd.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace sandglass::collectorapp {

void notifyManager(std::string_view state)
{
    const char *given = std::getenv("NOTIFY_SOCKET");
    const std::string_view path = given ? given : "";
    sockaddr_un address{};
    if ((!path.starts_with('/') && !path.starts_with('@')) || path.size() >= sizeof address.sun_path)
        return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@')
        address.sun_path[0] = '\0'; // the abstract namespace
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // Nobody there: then nobody waits for it.
    if (socket)
        ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr *>(&address),
                 length);
}

} // namespace sandglass::collectorapp
