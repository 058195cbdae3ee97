#include "services/http/server.h"

#include "services/http/connection.h"
#include "services/http/message.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <ctime>

namespace sandglass::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t refusedLimit = 64; // clients being told 503 at a time; further ones are only closed

using Executor = asio::io_context::executor_type;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

} // namespace

std::string_view Hub::date()
{
    if (const std::int64_t now = std::time(nullptr); now != m_dateSecond) {
        m_dateSecond = now;
        m_date = httpDate(now);
    }
    return m_date;
}

void Hub::remove(Connection *connection)
{
    connections.erase(connection);
    if (connections.empty() && onEmpty)
        onEmpty();
}

struct Server::Private : std::enable_shared_from_this<Server::Private>
{
    Private(asio::io_context &io, std::shared_ptr<Handler> handler, ServerOptions options)
        : hub(io, std::move(handler), std::move(options)), acceptor(io), sweep(io), pause(io), grace(io)
    {
        const auto shortest = std::min(hub.options.headerDeadline, hub.options.writeDeadline);
        sweepInterval = std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(250));
    }

    Result<> listen();
    void accept();
    void welcome(TcpSocket socket);
    void armSweep();
    void stop(std::chrono::milliseconds graceTime, std::function<void()> done);
    void closeAll(bool tellHandlers);

    Hub hub;
    asio::basic_socket_acceptor<tcp, Executor> acceptor;
    Timer sweep; ///< looks after every connection's deadline; runs only while there are connections
    Timer pause; ///< after running out of file descriptors
    Timer grace;
    std::chrono::milliseconds sweepInterval;
    bool isSweeping = false;
    std::uint16_t port = 0;
};

Result<> Server::Private::listen()
{
    if (!hub.options.certificateFile.empty() || !hub.options.keyFile.empty()) {
        auto tls = TlsContext::load(hub.options.certificateFile, hub.options.keyFile);
        if (!tls)
            return failure(tls.error());
        hub.tls = std::move(*tls);
    }
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(hub.options.address, ec);
    if (ec)
        return failure(Error::Kind::Local, "not an address: " + hub.options.address);
    for (int i = 0; i < std::max(1, hub.options.portTries); ++i) {
        const int candidate = hub.options.port == 0 ? 0 : hub.options.port + i;
        if (candidate > 65'535)
            break;
        const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(candidate));
        acceptor.close(ec);
        acceptor.open(endpoint.protocol(), ec);
        if (!ec)
            acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
        if (!ec)
            acceptor.bind(endpoint, ec);
        if (!ec)
            acceptor.listen(asio::socket_base::max_listen_connections, ec);
        if (!ec) {
            port = acceptor.local_endpoint(ec).port();
            accept();
            return {};
        }
        if (ec != asio::error::address_in_use)
            break;
    }
    boost::system::error_code ignored;
    acceptor.close(ignored);
    return failure(Error::Kind::Local,
                   "cannot listen on " + hub.options.address + ":" + std::to_string(hub.options.port) + ": "
                       + ec.message(),
                   0, ec == asio::error::address_in_use ? "EADDRINUSE" : "");
}

void Server::Private::accept()
{
    acceptor.async_accept(hub.io.get_executor(),
                          [self = shared_from_this()](const boost::system::error_code &ec, TcpSocket socket) {
                              if (!self->acceptor.is_open() || ec == asio::error::operation_aborted)
                                  return;
                              if (!ec) {
                                  self->welcome(std::move(socket));
                                  return self->accept();
                              }
                              // Out of descriptors or memory: the backlog waits; trying at once would spin.
                              self->pause.expires_after(std::chrono::milliseconds(100));
                              self->pause.async_wait([self](const boost::system::error_code &stopped) {
                                  if (!stopped && self->acceptor.is_open())
                                      self->accept();
                              });
                          });
}

void Server::Private::welcome(TcpSocket socket)
{
    ++hub.counters.connections;
    const auto limit = static_cast<std::size_t>(hub.options.maxConnections);
    if (hub.connections.size() >= limit + refusedLimit) {
        ++hub.counters.refused;
        return; // the socket closes
    }
    const bool isFull = hub.connections.size() >= limit;
    const auto connection = std::make_shared<Connection>(hub, std::move(socket));
    hub.connections.emplace(connection.get(), connection);
    if (isFull)
        connection->refuse();
    else
        connection->start();
    armSweep();
}

void Server::Private::armSweep()
{
    if (isSweeping || hub.connections.empty())
        return;
    isSweeping = true;
    sweep.expires_after(sweepInterval);
    sweep.async_wait([self = shared_from_this()](const boost::system::error_code &ec) {
        self->isSweeping = false;
        if (ec)
            return;
        std::vector<std::shared_ptr<Connection>> all; // expire() may remove from the map
        all.reserve(self->hub.connections.size());
        for (const auto &[key, connection] : self->hub.connections)
            all.push_back(connection);
        const auto now = Hub::Monotonic::now();
        for (const auto &connection : all)
            connection->expire(now);
        self->armSweep();
    });
}

void Server::Private::stop(std::chrono::milliseconds graceTime, std::function<void()> done)
{
    boost::system::error_code ec;
    acceptor.close(ec);
    hub.isStopping = true;
    const auto self = shared_from_this();
    hub.onEmpty = [self, callback = std::move(done)]() mutable {
        self->grace.cancel();
        const auto finished = std::exchange(callback, nullptr);
        asio::post(self->hub.io, [self, finished] {
            self->hub.onEmpty = nullptr;
            if (finished)
                finished();
        });
    };
    std::vector<std::shared_ptr<Connection>> all;
    for (const auto &[key, connection] : hub.connections)
        all.push_back(connection);
    for (const auto &connection : all)
        connection->windDown();
    if (hub.connections.empty()) {
        if (all.empty())
            hub.onEmpty();
        return;
    }
    grace.expires_after(graceTime);
    grace.async_wait([self](const boost::system::error_code &stopped) {
        if (!stopped)
            self->closeAll(true);
    });
}

void Server::Private::closeAll(bool tellHandlers)
{
    const auto all = hub.connections;
    for (const auto &[key, connection] : all)
        connection->close(tellHandlers);
}

Server::Server(asio::io_context &io, std::shared_ptr<Handler> handler, ServerOptions options)
    : d(std::make_shared<Private>(io, std::move(handler), std::move(options)))
{}

Server::~Server()
{
    boost::system::error_code ec;
    d->hub.onEmpty = nullptr;
    d->acceptor.close(ec);
    d->sweep.cancel();
    d->pause.cancel();
    d->grace.cancel();
    d->closeAll(false);
    d->hub.gate->close();
}

bool isLoopback(const std::string &address)
{
    boost::system::error_code ec;
    const auto parsed = asio::ip::make_address(address, ec);
    return !ec && parsed.is_loopback();
}

Result<> Server::listen()
{
    return d->listen();
}

std::uint16_t Server::port() const
{
    return d->port;
}

void Server::stop(std::chrono::milliseconds grace, std::function<void()> done)
{
    asio::post(d->hub.io, [self = d, grace, done = std::move(done)]() mutable { self->stop(grace, std::move(done)); });
}

ServerStatistics Server::statistics() const
{
    const auto &counters = d->hub.counters;
    return {counters.connections, counters.requests, counters.badRequests, counters.timeouts, counters.refused};
}

} // namespace sandglass::http
