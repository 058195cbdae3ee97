#pragma once

#include "services/core/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP/1.1 server on Boost.Beast, used by the webhook receiver and by the local engine. Beast itself stays inside
// connection.cpp; everything here is plain values and callbacks.

namespace boost::asio {
class io_context;
}

namespace sandglass::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Request line and headers, before the body is read.
struct RequestHead
{
    std::string method; ///< upper case
    std::string target; ///< as sent: "/path?query"
    std::string path;   ///< percent-decoded, without the query
    std::string query;  ///< raw, without the '?'
    Headers headers;
    std::string remoteAddress;
    bool isHttp10 = false;

    /// First header of that name, compared without case; empty when absent.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    /// How often the header occurs (two signatures are a bad sign).
    [[nodiscard]] int countHeader(std::string_view name) const;
};

struct Request : RequestHead
{
    std::string body; ///< de-chunked; Content-Encoding is left alone
};

struct Response
{
    int status = 200;
    Headers headers; ///< Content-Length, Date and Connection are added
    std::string body;

    [[nodiscard]] static Response json(int status, std::string body);
    [[nodiscard]] static Response text(int status, std::string body);
    /// {"code": status, "message": message}: the error shape of E2B and of the receiver.
    [[nodiscard]] static Response error(int status, std::string_view message);
};

/// Takes what the peer sends through a tunnel. The server's thread only.
class TunnelEnd
{
public:
    virtual ~TunnelEnd() = default;
    /// False: no more for now, until Exchange::resumeTunnel(). What is not read waits with the peer.
    [[nodiscard]] virtual bool received(std::string_view bytes) = 0;
    /// The peer has closed its sending half and still listens. Once, after all bytes; not when it went away.
    virtual void ended() = 0;
};

/// One request waiting for its answer. Methods may be called from any thread; all callbacks run on the server's.
/// Dropping the last reference without an answer sends 500.
class Exchange
{
public:
    virtual ~Exchange() = default;
    Exchange(const Exchange &) = delete;
    Exchange &operator=(const Exchange &) = delete;

    virtual void respond(Response response) = 0;

    /// Chunked streaming: startStream() once, write() any number of times (each call is flushed as one chunk),
    /// finish() once. What is known with the beginning or the end goes out in one piece with it, as `first` and `last`
    /// chunk, so that the peer wakes once and not twice. pendingBytes() is what the peer has not taken yet; a writer
    /// that sees it above its limit stops reading its source until onDrained() fires (below a quarter of a megabyte).
    virtual void startStream(int status, Headers headers, std::string first = {}) = 0;
    virtual void write(std::string chunk) = 0;
    virtual void finish(std::string last = {}) = 0;
    [[nodiscard]] virtual std::size_t pendingBytes() const = 0;
    /// The callback is kept: it is called at once when little is pending, and again whenever that becomes so.
    virtual void onDrained(std::function<void()> callback) = 0;

    /// For a request admitted with `isTunnel`, in place of an answer: from here on `end` gets the rest of what the peer
    /// sends, body or not, write() sends bytes as they are, and finish() closes our sending half. The connection ends
    /// with both halves, or with the last reference to this exchange.
    virtual void openTunnel(std::shared_ptr<TunnelEnd> end) = 0;
    virtual void resumeTunnel() = 0;

    /// Called once when the peer goes away before the answer is complete (or the server stops without waiting). A peer
    /// that only closed its sending half counts as gone, but an answer still reaches it; in a tunnel it does not count.
    virtual void onClosed(std::function<void()> callback) = 0;

protected:
    Exchange() = default;
};

/// Receives a body piece by piece instead of in memory (uploads). Runs on the server's thread.
class BodySink
{
public:
    virtual ~BodySink() = default;
    virtual void data(std::string_view piece) = 0;
    /// After finish() the handler's handle() is called with an empty body; the sink is handed over there.
    virtual void finish() = 0;
    /// The peer went away or broke a limit; handle() will not be called.
    virtual void abort() = 0;
};

/// What a handler says of a request once its header is read.
struct Admission
{
    std::uint64_t bodyLimit = 1U << 20;             ///< above it: 413
    std::shared_ptr<BodySink> sink;                 ///< set: the body goes there
    std::unique_ptr<Response> rejection;            ///< set: sent at once, the body is not read, connection closed
    std::chrono::milliseconds bodyDeadline{15'000}; ///< for the whole body, so that trickling cannot extend it
    /// handle() comes at once, with no body: what follows the header is for Exchange::openTunnel(). An ordinary answer
    /// is possible too, and ends the connection.
    bool isTunnel = false;
};

class Handler
{
public:
    virtual ~Handler() = default;
    [[nodiscard]] virtual Admission admit(const RequestHead &head) = 0;
    /// `sink` is the one admit() gave, or null.
    virtual void handle(Request request, std::shared_ptr<BodySink> sink, std::shared_ptr<Exchange> exchange) = 0;
    /// The server itself refused an admitted request: 413, 408, 400. For those who count.
    virtual void refused(const RequestHead & /*head*/, int /*status*/) {}
};

struct ServerOptions
{
    std::string address = "127.0.0.1";
    std::uint16_t port = 0; ///< 0 = any free
    int portTries = 1;      ///< when taken: port + 1 … port + portTries - 1 are tried in turn
    std::uint32_t headerLimit = 16U << 10;
    int maxConnections = 1024;                        ///< above it a connection is accepted and closed with 503
    std::chrono::milliseconds headerDeadline{15'000}; ///< from the first byte; also the idle limit of keep-alive
    std::chrono::milliseconds writeDeadline{60'000};  ///< for one piece of an answer to be taken by the peer
    std::string serverName = "sandglass";
    std::filesystem::path certificateFile; ///< PEM with the chain; set together with keyFile: TLS 1.2 or later only
    std::filesystem::path keyFile;         ///< PEM
};

struct ServerStatistics
{
    std::uint64_t connections = 0, requests = 0, badRequests = 0, timeouts = 0, refusedConnections = 0;
};

/// Listens and serves on `io`'s thread. Expect: 100-continue, chunked requests, keep-alive and pipelining are handled;
/// Content-Length together with chunked, two different lengths, and malformed chunks are 400 + close.
class Server final
{
public:
    Server(boost::asio::io_context &io, std::shared_ptr<Handler> handler, ServerOptions options);
    ~Server(); ///< closes all connections; call on io's thread or when io has stopped
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    /// Binds and starts accepting. Error: port taken, address not ours, no permission, certificate or key unusable.
    [[nodiscard]] Result<> listen();
    [[nodiscard]] std::uint16_t port() const; ///< after listen()
    /// Stops accepting, lets running exchanges finish for at most `grace`, then closes. Thread-safe.
    void stop(std::chrono::milliseconds grace, std::function<void()> done = {});
    [[nodiscard]] ServerStatistics statistics() const; ///< thread-safe

private:
    struct Private;
    std::shared_ptr<Private> d;
};

/// An io_context with a thread of its own. Destroying it stops the context and joins.
class IoThread final
{
public:
    /// `niceness` as of nice(1), for that thread alone: 0 is like every other, 19 gives way to all.
    explicit IoThread(const char *name, int niceness = 0);
    ~IoThread();
    IoThread(const IoThread &) = delete;
    IoThread &operator=(const IoThread &) = delete;

    [[nodiscard]] boost::asio::io_context &context();
    void post(std::function<void()> work); ///< thread-safe
    void stop();                           ///< joins; idempotent

private:
    struct Private;
    std::unique_ptr<Private> d;
};

/// True for 127.0.0.0/8 and ::1; false for anything else, names included.
[[nodiscard]] bool isLoopback(const std::string &address);

/// "a=1&b=x%20y" -> {{"a","1"},{"b","x y"}}, '+' is a space; percent-decoding of one layer.
[[nodiscard]] Headers parseQuery(std::string_view query);
[[nodiscard]] std::string percentDecode(std::string_view text);
[[nodiscard]] std::string percentEncode(std::string_view text); ///< unreserved characters stay

} // namespace sandglass::http
