#include "tests/bench/steadysender.h"

#include "services/core/uniquefd.h"
#include "services/lifecycle/signature.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <string_view>
#include <thread>

namespace sandglass::bench {

bool SteadySender::send(int count, int perSecond, const std::function<std::string(int)> &bodyOf,
                        const std::function<bool()> &isStopped) const
{
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(m_port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
        return false;
    auto due = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) {
        std::this_thread::sleep_until(due);
        if (isStopped && isStopped())
            return false;
        due += std::chrono::microseconds(1'000'000 / perSecond);
        const std::string body = bodyOf(i);
        const std::string request =
            fmt::format("POST /webhooks/e2b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                        "Content-Length: {}\r\ne2b-signature: {}\r\n\r\n{}",
                        body.size(), lifecycle::signDelivery(m_secret, body), body);
        if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
            return false;
        char answer[4096];
        const ssize_t got = ::recv(fd.get(), answer, sizeof answer, 0);
        if (got < 12 || std::string_view(answer + 9, 3) != "200")
            return false;
    }
    return true;
}

} // namespace sandglass::bench
