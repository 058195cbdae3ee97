#pragma once

#include "services/http/server.h"

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace sandglass::test {

/// Counts what arrives; remembers nothing.
class CountingSink final : public http::BodySink
{
public:
    void data(std::string_view piece) override
    {
        std::uint64_t ofPiece = 0;
        for (const char c : piece)
            ofPiece += static_cast<unsigned char>(c);
        sum += ofPiece;
        bytes += piece.size();
    }
    void finish() override { isFinished = true; }
    void abort() override { isAborted = true; }

    std::atomic<std::uint64_t> bytes = 0, sum = 0;
    std::atomic<bool> isFinished = false, isAborted = false;
};

/// Says in capitals what the peer sends through a tunnel, and ends its half after the peer's. "hold" is taken as the
/// last for now.
class ShoutingEnd final : public http::TunnelEnd
{
public:
    explicit ShoutingEnd(std::shared_ptr<http::Exchange> exchange) : m_exchange(std::move(exchange)) {}
    bool received(std::string_view bytes) override
    {
        std::string text(bytes);
        for (char &c : text)
            c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        m_exchange->write(std::move(text));
        return bytes.find("hold") == std::string_view::npos;
    }
    void ended() override { m_exchange->finish("!"); }

private:
    std::shared_ptr<http::Exchange> m_exchange;
};

/// Answers by path. Exchanges of /hold wait in `held` for the test to answer them.
class EchoHandler final : public http::Handler
{
public:
    http::Admission admit(const http::RequestHead &head) override
    {
        http::Admission admission;
        admission.bodyLimit = 1000;
        admission.bodyDeadline = bodyDeadline;
        admission.isTunnel = head.path.starts_with("/tunnel");
        if (head.path == "/upload") {
            admission.bodyLimit = 1ULL << 40;
            admission.sink = sink;
        } else if (head.path == "/forbidden") {
            admission.rejection = std::make_unique<http::Response>(http::Response::error(403, "no"));
        }
        return admission;
    }

    void handle(http::Request request, std::shared_ptr<http::BodySink> body,
                std::shared_ptr<http::Exchange> exchange) override
    {
        if (request.path == "/throw")
            throw std::runtime_error("handler failed");
        if (request.path == "/drop")
            return;
        if (request.path == "/hold") {
            const std::lock_guard lock(mutex);
            exchange->onClosed([this] { ++closed; });
            held.push_back(std::move(exchange));
            return;
        }
        if (request.path == "/tunnel") {
            const std::lock_guard lock(mutex);
            exchange->onClosed([this] { ++closed; });
            exchange->openTunnel(std::make_shared<ShoutingEnd>(exchange));
            held.push_back(std::move(exchange));
            return;
        }
        if (request.path == "/inject")
            return exchange->respond({200, {{"X-Value", "a\r\nX-Evil: 1"}, {"Content-Length", "99"}}, "ok"});
        if (request.path == "/none")
            return exchange->respond({204, {}, {}});
        if (request.path == "/large")
            return exchange->respond({200, {}, std::string(32U << 20, 'x')});
        if (body)
            return exchange->respond(http::Response::text(200, std::to_string(sink->bytes)));
        exchange->respond(
            http::Response::text(200, request.method + ' ' + request.path + " ?" + request.query + ' ' + request.body));
    }

    void refused(const http::RequestHead & /*head*/, int status) override { refusedStatus = status; }

    [[nodiscard]] std::size_t heldCount()
    {
        const std::lock_guard lock(mutex);
        return held.size();
    }
    [[nodiscard]] std::shared_ptr<http::Exchange> takeHeld()
    {
        const std::lock_guard lock(mutex);
        auto exchange = held.front();
        held.erase(held.begin());
        return exchange;
    }

    std::chrono::milliseconds bodyDeadline{10'000};
    std::mutex mutex;
    std::vector<std::shared_ptr<http::Exchange>> held;
    std::atomic<int> closed = 0;
    std::atomic<int> refusedStatus = 0;
    const std::shared_ptr<CountingSink> sink = std::make_shared<CountingSink>(); ///< of one upload per test
};

/// A server with a thread of its own.
struct ServerFixture
{
    explicit ServerFixture(http::ServerOptions options = {})
        : server(std::make_unique<http::Server>(io.context(), handler, std::move(options))), listening(server->listen())
    {}
    ~ServerFixture()
    {
        io.stop();
        server.reset();
    }

    std::shared_ptr<EchoHandler> handler = std::make_shared<EchoHandler>();
    http::IoThread io{"test-http"};
    std::unique_ptr<http::Server> server;
    Result<> listening;
};

} // namespace sandglass::test
