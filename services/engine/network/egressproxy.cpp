#include "services/engine/network/egressproxy.h"

#include "services/engine/network/proxyrequest.h"

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <optional>

namespace sandglass::engine {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kHeadLimit = 32U << 10;
constexpr std::size_t kMostConnections = 256;
constexpr std::chrono::seconds kHeadPatience{15}, kConnectPatience{10}, kIdle{600};
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Both sockets of one connection, and when something last passed.
struct Connection
{
    Connection(asio::io_context &io, tcp::socket accepted) : inside(std::move(accepted)), outside(io), patience(io) {}

    void close()
    {
        error_code ignored;
        inside.close(ignored);
        outside.close(ignored);
        patience.cancel();
    }

    tcp::socket inside, outside;
    asio::steady_timer patience; ///< closes both when it passes
};

void limit(const std::shared_ptr<Connection> &connection, std::chrono::seconds time)
{
    connection->patience.expires_after(time);
    connection->patience.async_wait([weak = std::weak_ptr(connection)](const error_code &error) {
        if (const auto self = weak.lock(); self && !error)
            self->close();
    });
}

asio::awaitable<void> relay(std::shared_ptr<Connection> connection, tcp::socket &from, tcp::socket &to)
{
    std::array<char, 32U << 10> piece;
    for (;;) {
        auto [readError, count] = co_await from.async_read_some(asio::buffer(piece), kNoThrow);
        if (readError)
            break;
        limit(connection, kIdle);
        auto [writeError, written] = co_await asio::async_write(to, asio::buffer(piece.data(), count), kNoThrow);
        if (writeError)
            break;
    }
    error_code ignored;
    to.shutdown(tcp::socket::shutdown_send, ignored); // the other direction may still have something
}

struct Refusal
{
    int status = 0;
    std::string target; ///< empty: the request named none
    std::string reason;
};

std::string textOf(const Refusal &refusal)
{
    const char *line = refusal.status == 403 ? "403 Forbidden"
        : refusal.status == 502              ? "502 Bad Gateway"
                                             : "400 Bad Request";
    return std::string("HTTP/1.1 ")
               .append(line)
               .append("\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ")
               .append(std::to_string(refusal.reason.size() + 1))
               .append("\r\n\r\n")
               .append(refusal.reason)
        + "\n";
}

} // namespace

struct EgressProxy::Shared : std::enable_shared_from_this<EgressProxy::Shared>
{
    Shared(asio::io_context &context, EgressRules given, Refused tell, SecretLookup look)
        : io(context), acceptor(context), rules(std::move(given)), refused(std::move(tell)), secret(std::move(look))
    {}

    asio::awaitable<void> accept();
    asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
    [[nodiscard]] Refusal applyHeaderRules(ProxyRequest &request) const;
    asio::awaitable<Refusal> open(std::shared_ptr<Connection> connection, ProxyRequest target);
    asio::awaitable<Refusal> openThroughProxy(std::shared_ptr<Connection> connection, ProxyRequest target);
    asio::awaitable<void> refuse(std::shared_ptr<Connection> connection, Refusal refusal, bool isTold);

    asio::io_context &io;
    tcp::acceptor acceptor;
    EgressRules rules;
    Refused refused;
    SecretLookup secret;
    std::list<std::weak_ptr<Connection>> connections;
    bool isClosed = false;
};

asio::awaitable<void> EgressProxy::Shared::accept()
{
    const auto self = shared_from_this();
    while (!isClosed) {
        auto [error, socket] = co_await acceptor.async_accept(kNoThrow);
        if (isClosed || error == asio::error::operation_aborted)
            co_return;
        connections.remove_if([](const auto &each) { return each.expired(); });
        if (error || connections.size() >= kMostConnections) {
            socket = tcp::socket(io);
            asio::steady_timer rest(io, std::chrono::milliseconds(50)); // out of descriptors, or of places
            co_await rest.async_wait(kNoThrow);
            continue;
        }
        auto connection = std::make_shared<Connection>(io, std::move(socket));
        connections.push_back(connection);
        asio::co_spawn(io, serve(std::move(connection)), asio::detached);
    }
}

asio::awaitable<void> EgressProxy::Shared::serve(std::shared_ptr<Connection> connection)
{
    using namespace asio::experimental::awaitable_operators;
    const auto self = shared_from_this();
    limit(connection, kHeadPatience);
    std::string input;
    auto [error, headSize] = co_await asio::async_read_until(
        connection->inside, asio::dynamic_buffer(input, kHeadLimit), "\r\n\r\n", kNoThrow);
    if (error) {
        connection->close();
        co_return;
    }
    std::optional<ProxyRequest> target = readProxyRequest(std::string_view(input).substr(0, headSize));
    input.erase(0, headSize);
    // Named, each of them: g++ 12 destroys temporaries of a co_await twice.
    Refusal refusal;
    if (!target)
        refusal = {400, {}, "this is the sandbox's proxy: it takes CONNECT and http:// only"};
    else
        refusal = applyHeaderRules(*target);
    if (refusal.status == 0 && rules.proxy)
        refusal = co_await openThroughProxy(connection, *target);
    else if (refusal.status == 0)
        refusal = co_await open(connection, *target);
    if (refusal.status != 0) {
        co_await refuse(connection, refusal, !target || target->isTunnel);
        co_return;
    }
    limit(connection, kIdle);
    if (target->isTunnel) {
        constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";
        co_await asio::async_write(connection->inside, asio::buffer(established), kNoThrow);
    }
    const std::string first = target->head + input;
    co_await asio::async_write(connection->outside, asio::buffer(first), kNoThrow);
    co_await (relay(connection, connection->inside, connection->outside)
              && relay(connection, connection->outside, connection->inside));
    connection->close();
}

/// A request to a host that headers are set for: status 0 when they are.
Refusal EgressProxy::Shared::applyHeaderRules(ProxyRequest &request) const
{
    const HeaderRules::Headers *wanted = rules.headers.find(request.host);
    if (wanted == nullptr)
        return {};
    // Without them the server would get what the rule promises not to send, such as a request without its key.
    if (request.isTunnel)
        return {403, request.text(),
                "network.rules sets headers for " + request.host
                    + ", which the local engine can do in http:// requests only: a TLS connection is not opened"};
    HeaderRules::Headers filled;
    for (const auto &[name, value] : *wanted) {
        auto text = withSecrets(value, secret);
        if (!text)
            return {502, request.text(), "network.rules, header " + name + ": " + text.error().message};
        filled.emplace_back(name, std::move(*text));
    }
    setHeaders(request.head, filled);
    return {};
}

/// The sandbox's own proxy opens the connection, to a name where the rules allow the name, else to an address that they
/// allow. There is no way past it.
asio::awaitable<Refusal> EgressProxy::Shared::openThroughProxy(std::shared_ptr<Connection> connection,
                                                               ProxyRequest target)
{
    std::string host = target.host;
    if (!rules.allowsDomain(host)) {
        Refusal refusal{502, target.text(), "there is no address for " + host};
        const std::string port = std::to_string(target.port);
        tcp::resolver resolver(io);
        auto [lookupError, found] = co_await resolver.async_resolve(host, port, kNoThrow);
        if (lookupError)
            co_return refusal;
        const auto open = std::find_if(found.begin(), found.end(), [&](const auto &entry) {
            return rules.allows(target.host, entry.endpoint().address());
        });
        refusal = {403, target.text(), "the sandbox's network rules do not allow " + target.text()};
        if (open == found.end())
            co_return refusal;
        host = open->endpoint().address().to_string();
    }
    limit(connection, kConnectPatience);
    const SocksProxy proxy = rules.proxy.value_or(SocksProxy{}); // they may have changed during the look-up
    std::string wrong = co_await connectThrough(connection->outside, proxy, host, target.port);
    if (wrong.empty() && !connection->inside.is_open())
        wrong = "it took too long";
    const Refusal refusal{wrong.empty() ? 0 : 502, target.text(), wrong};
    co_return refusal;
}

/// Connects `outside`; status 0 when that worked.
asio::awaitable<Refusal> EgressProxy::Shared::open(std::shared_ptr<Connection> connection, ProxyRequest target)
{
    Refusal refusal{502, target.text(), "there is no address for " + target.host};
    const std::string port = std::to_string(target.port);
    tcp::resolver resolver(io);
    auto [lookupError, found] = co_await resolver.async_resolve(target.host, port, kNoThrow);
    if (lookupError)
        co_return refusal;
    refusal = {403, target.text(), "the sandbox's network rules do not allow " + target.text()};
    for (const auto &entry : found) {
        const tcp::endpoint endpoint = entry.endpoint();
        if (!rules.allows(target.host, endpoint.address()))
            continue;
        limit(connection, kConnectPatience);
        connection->outside = tcp::socket(io);
        auto [error] = co_await connection->outside.async_connect(endpoint, kNoThrow);
        refusal = {error || !connection->inside.is_open() ? 502 : 0, target.text(),
                   target.text() + ": " + error.message()};
        if (!error)
            break;
    }
    error_code ignored;
    connection->outside.set_option(tcp::no_delay(true), ignored);
    co_return refusal;
}

/// A tunnel's client is told why. A plain request must not look answered by its server: it is cut off.
asio::awaitable<void> EgressProxy::Shared::refuse(std::shared_ptr<Connection> connection, Refusal refusal, bool isTold)
{
    if (!refusal.target.empty() && refused && !isClosed)
        refused(refusal.target, refusal.reason);
    if (isTold) {
        const std::string answer = textOf(refusal);
        co_await asio::async_write(connection->inside, asio::buffer(answer), kNoThrow);
        error_code ignored;
        connection->inside.shutdown(tcp::socket::shutdown_send, ignored);
    }
    connection->close();
}

EgressProxy::EgressProxy(asio::io_context &io, UniqueFd listening, EgressRules rules, Refused refused,
                         SecretLookup secret)
    : d(std::make_shared<Shared>(io, std::move(rules), std::move(refused), std::move(secret)))
{
    error_code error;
    d->acceptor.assign(tcp::v4(), listening.release(), error);
    if (!error)
        asio::co_spawn(io, d->accept(), asio::detached);
}

EgressProxy::~EgressProxy()
{
    d->isClosed = true;
    d->refused = nullptr;
    d->secret = nullptr;
    error_code ignored;
    d->acceptor.close(ignored);
    for (const auto &weak : d->connections) {
        if (const auto connection = weak.lock())
            connection->close();
    }
}

void EgressProxy::setRules(EgressRules rules)
{
    d->rules = std::move(rules);
}

} // namespace sandglass::engine
