#include "services/engine/network/socksproxy.h"

#include "services/engine/network/hostname.h"
#include "services/engine/network/proxyrequest.h"

#include <boost/asio.hpp>

#include <array>

namespace sandglass::engine {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kLongestName = 255; // one byte says how long
constexpr unsigned char kVersion = 5, kNoCredentials = 0, kCredentials = 2, kConnect = 1;
constexpr unsigned char kIpv4 = 1, kName = 3, kIpv6 = 4;

tl::unexpected<Error> bad(std::string message)
{
    return failure(Error::Kind::Service, std::move(message), 400);
}

const char *replyText(unsigned char reply)
{
    constexpr std::array texts{"",
                               "it failed",
                               "its rules do not allow the connection",
                               "the network is unreachable",
                               "the host is unreachable",
                               "the connection was refused",
                               "the time to live has passed",
                               "it knows no CONNECT",
                               "it does not know this kind of address"};
    return reply < texts.size() ? texts[reply] : "it gave an unknown answer";
}

/// The address part of a request: what is an address goes as one.
std::string addressBytes(const std::string &host, std::uint16_t port)
{
    std::string bytes;
    const auto append = [&bytes](unsigned char kind, const auto &raw) {
        bytes += static_cast<char>(kind);
        bytes.append(raw.begin(), raw.end());
    };
    boost::system::error_code isName;
    const auto address = asio::ip::make_address(host, isName);
    if (isName) {
        bytes += static_cast<char>(kName);
        bytes += static_cast<char>(host.size());
        bytes += host;
    } else if (address.is_v4()) {
        append(kIpv4, address.to_v4().to_bytes());
    } else {
        append(kIpv6, address.to_v6().to_bytes());
    }
    bytes += static_cast<char>(port >> 8U);
    bytes += static_cast<char>(port & 0xffU);
    return bytes;
}

/// Sends `request` and reads `size` bytes; empty when the proxy went away.
asio::awaitable<std::string> ask(tcp::socket &socket, std::string request, std::size_t size)
{
    std::string answer;
    auto [writeError, written] = co_await asio::async_write(socket, asio::buffer(request), kNoThrow);
    if (writeError)
        co_return answer;
    answer.resize(size);
    auto [readError, count] = co_await asio::async_read(socket, asio::buffer(answer), kNoThrow);
    if (readError)
        answer.clear();
    co_return answer;
}

asio::awaitable<std::string> greet(tcp::socket &socket, const SocksProxy &proxy)
{
    const bool known = !proxy.username.empty();
    const std::string hello{static_cast<char>(kVersion), 1, static_cast<char>(known ? kCredentials : kNoCredentials)};
    const std::string chosen = co_await ask(socket, hello, 2);
    if (chosen.empty() || chosen[0] != static_cast<char>(kVersion))
        co_return std::string("it does not speak SOCKS5");
    if (chosen[1] != hello[2])
        co_return std::string(known ? "it takes no user name and password" : "it asks for a user name and password");
    if (!known)
        co_return std::string();
    std::string credentials{1, static_cast<char>(proxy.username.size())};
    credentials += proxy.username;
    credentials += static_cast<char>(proxy.password.size());
    credentials += proxy.password;
    const std::string verdict = co_await ask(socket, credentials, 2);
    co_return verdict.empty() || verdict[1] != 0 ? std::string("it refused the user name and password") : std::string();
}

asio::awaitable<std::string> requestConnection(tcp::socket &socket, std::string host, std::uint16_t port)
{
    const std::string request =
        std::string{static_cast<char>(kVersion), static_cast<char>(kConnect), 0} + addressBytes(host, port);
    const std::string head = co_await ask(socket, request, 5); // the fifth byte says how long a name is
    if (head.empty() || head[0] != static_cast<char>(kVersion))
        co_return std::string("it does not speak SOCKS5");
    if (head[1] != 0)
        co_return std::string(replyText(static_cast<unsigned char>(head[1])));
    const auto kind = static_cast<unsigned char>(head[3]);
    const std::size_t rest = kind == kIpv4 ? 4 + 2 - 1
        : kind == kIpv6                    ? 16 + 2 - 1
                                           : static_cast<unsigned char>(head[4]) + std::size_t{2};
    const std::string bound = co_await ask(socket, std::string(), rest);
    co_return bound.empty() ? std::string("it went away") : std::string();
}

} // namespace

Result<std::optional<SocksProxy>> SocksProxy::parse(const Json &config)
{
    if (config.is_null())
        return std::optional<SocksProxy>();
    if (!config.is_object())
        return bad("network.egressProxy has to be an object");
    SocksProxy proxy;
    const std::string address = stringOr(config, "address");
    HostAndPort place;
    if (!splitAuthority(address, 0, place))
        return bad("invalid egress proxy address '" + address + "': it has to be host:port");
    proxy.host = std::move(place.host);
    proxy.port = place.port;
    boost::system::error_code isName;
    asio::ip::make_address(proxy.host, isName);
    if (isName && !isDomainName(lowered(proxy.host)))
        return bad("invalid egress proxy address '" + address + "': it has to be host:port");
    for (const char *name : {"username", "password"}) {
        const Json &text = memberOr(config, name);
        if (!text.is_null() && (!text.is_string() || text.get_ref<const std::string &>().size() > kLongestName))
            return bad(std::string("egress proxy ") + name + " has to be a text of at most 255 bytes");
    }
    proxy.username = stringOr(config, "username");
    proxy.password = stringOr(config, "password");
    if (proxy.username.empty() && !proxy.password.empty())
        return bad("an egress proxy password needs a username");
    return std::optional(std::move(proxy));
}

std::string SocksProxy::address() const
{
    return (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

asio::awaitable<std::string> connectThrough(tcp::socket &socket, const SocksProxy &given, std::string host,
                                            std::uint16_t port)
{
    const SocksProxy proxy = given; // the rules may change meanwhile
    const std::string who = "the egress proxy " + proxy.address() + ": ";
    if (host.size() > kLongestName)
        co_return who + "the name is too long";
    tcp::resolver resolver(socket.get_executor());
    const std::string service = std::to_string(proxy.port);
    auto [lookupError, found] = co_await resolver.async_resolve(proxy.host, service, kNoThrow);
    if (lookupError)
        co_return who + "there is no such host";
    auto [connectError, endpoint] = co_await asio::async_connect(socket, found, kNoThrow);
    if (connectError)
        co_return who + connectError.message();
    std::string wrong = co_await greet(socket, proxy);
    if (wrong.empty())
        wrong = co_await requestConnection(socket, std::move(host), port);
    co_return wrong.empty() ? wrong : who + wrong;
}

} // namespace sandglass::engine
