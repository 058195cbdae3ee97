#include "services/engine/api/portproxy.h"

#include "services/engine/api/sandboxroute.h"

#include <boost/asio.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace sandglass::engine {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kHeadLimit = 64U << 10;
constexpr std::size_t kMostPending = 1U << 20;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
using Stream = asio::local::stream_protocol::socket;

bool equalNoCase(std::string_view a, std::string_view b)
{
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Headers that speak of one connection only, and ours for the routing.
bool isPrivate(std::string_view name)
{
    constexpr std::array kNames{"connection", "keep-alive",        "proxy-connection", "te",
                                "trailer",    "transfer-encoding", "upgrade",          "content-length",
                                "expect",     "e2b-sandbox-id",    "e2b-sandbox-port", "e2b-traffic-access-token",
                                "date"};
    return std::any_of(kNames.begin(), kNames.end(), [&](const char *each) { return equalNoCase(each, name); });
}

std::string requestText(const http::Request &request)
{
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\nConnection: close\r\n";
    for (const auto &[name, value] : request.headers) {
        if (!isPrivate(name))
            text += name + ": " + value + "\r\n";
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT")
        text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    return text + "\r\n" + request.body;
}

struct AnswerHead
{
    int status = 0;
    http::Headers headers;
    bool chunked = false;
    std::optional<std::uint64_t> length;
};

std::optional<AnswerHead> parseHead(std::string_view text)
{
    AnswerHead head;
    if (!text.starts_with("HTTP/1.") || text.size() < 12
        || std::from_chars(text.data() + 9, text.data() + 12, head.status).ec != std::errc() || head.status < 100)
        return std::nullopt;
    auto end = text.find("\r\n");
    while (end + 2 < text.size()) {
        text.remove_prefix(end + 2);
        end = text.find("\r\n");
        const std::string_view line = text.substr(0, end);
        const auto colon = line.find(':');
        if (line.empty() || colon == std::string_view::npos)
            break;
        const std::string_view name = line.substr(0, colon);
        std::string_view value = line.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        if (equalNoCase(name, "transfer-encoding"))
            head.chunked = true;
        else if (equalNoCase(name, "content-length"))
            std::from_chars(value.data(), value.data() + value.size(), head.length.emplace(0));
        if (!isPrivate(name))
            head.headers.emplace_back(name, value);
    }
    return head;
}

/// Takes the chunk framing off; false when the text is no chunked body.
class Dechunker
{
public:
    bool feed(std::string_view bytes, std::string &out)
    {
        m_pending.append(bytes);
        for (;;) {
            if (m_left > 0) {
                const auto count = std::min<std::uint64_t>(m_left, m_pending.size());
                out.append(m_pending, 0, count);
                m_pending.erase(0, count);
                m_left -= count;
                if (m_left > 0)
                    return true;
                m_afterData = true;
            }
            if (m_afterData) {
                if (m_pending.size() < 2)
                    return true;
                m_pending.erase(0, 2);
                m_afterData = false;
            }
            const auto line = m_pending.find("\r\n");
            if (line == std::string::npos)
                return m_pending.size() < 1024;
            const auto [end, error] = std::from_chars(m_pending.data(), m_pending.data() + line, m_left, 16);
            if (error != std::errc())
                return false;
            m_pending.erase(0, line + 2);
            if (m_left == 0) {
                m_done = true;
                return true;
            }
        }
    }
    [[nodiscard]] bool isDone() const { return m_done; }

private:
    std::string m_pending;
    std::uint64_t m_left = 0;
    bool m_afterData = false, m_done = false;
};

/// One request on its way. The peer going away closes the connection into the sandbox.
struct Passing
{
    Passing(asio::io_context &io, int fd) : stream(io, Stream::protocol_type(), fd), drained(io) {}
    Stream stream;
    asio::steady_timer drained; ///< cancelled = the peer took what was pending
    bool closed = false;

    void close()
    {
        closed = true;
        error_code ignored;
        stream.close(ignored);
        drained.cancel();
    }
};

asio::awaitable<void> waitUntilTaken(const std::shared_ptr<Passing> &passing,
                                     const std::shared_ptr<http::Exchange> &exchange)
{
    while (!passing->closed && exchange->pendingBytes() > kMostPending) {
        passing->drained.expires_after(std::chrono::hours(1));
        exchange->onDrained([weak = std::weak_ptr(passing)] {
            if (const auto self = weak.lock())
                self->drained.cancel();
        });
        if (exchange->pendingBytes() > kMostPending)
            co_await passing->drained.async_wait(kNoThrow);
    }
}

asio::awaitable<void> passBody(const std::shared_ptr<Passing> &passing, const std::shared_ptr<http::Exchange> &exchange,
                               AnswerHead head, std::string rest)
{
    Dechunker dechunker;
    std::uint64_t left = head.length && !head.chunked ? *head.length : UINT64_MAX;
    std::array<char, 32U << 10> piece{};
    while (!passing->closed) {
        std::string out;
        if (head.chunked && !dechunker.feed(rest, out))
            break;
        if (!head.chunked)
            out = rest.substr(0, left);
        left -= std::min<std::uint64_t>(left, out.size());
        exchange->write(std::move(out));
        if (left == 0 || dechunker.isDone())
            break;
        co_await waitUntilTaken(passing, exchange);
        auto [error, count] = co_await passing->stream.async_read_some(asio::buffer(piece), kNoThrow);
        if (error)
            break;
        rest.assign(piece.data(), count);
    }
    exchange->finish();
}

asio::awaitable<void> pass(std::shared_ptr<Passing> passing, std::string text, bool isHead, http::Response otherwise,
                           std::shared_ptr<http::Exchange> exchange)
{
    // A failed write shows in the read: a server may answer before it has taken everything.
    co_await asio::async_write(passing->stream, asio::buffer(text), kNoThrow);
    std::string answer;
    std::optional<AnswerHead> head;
    std::size_t size = 0;
    do { // 1xx answers precede the real one
        answer.erase(0, size);
        auto [readError, headSize] = co_await asio::async_read_until(
            passing->stream, asio::dynamic_buffer(answer, kHeadLimit), "\r\n\r\n", kNoThrow);
        head = readError ? std::nullopt : parseHead(std::string_view(answer).substr(0, headSize));
        size = headSize;
    } while (head && head->status < 200 && head->status != 101);
    if (!head || head->status == 101)
        co_return exchange->respond(std::move(otherwise));
    if (isHead || head->status == 204 || head->status == 304)
        co_return exchange->respond({head->status, std::move(head->headers), {}});
    exchange->startStream(head->status, head->headers);
    co_await passBody(passing, exchange, std::move(*head), answer.substr(size));
}

} // namespace

void proxyToPort(asio::io_context &io, const std::shared_ptr<Sandbox> &sandbox, std::uint16_t port,
                 const http::Request &request, const std::shared_ptr<http::Exchange> &exchange)
{
    if (!request.header("upgrade").empty())
        return exchange->respond(proxyError(501, sandbox->id(), "The local engine does not pass on WebSockets", port));
    auto text = requestText(request);
    const bool isHead = request.method == "HEAD";
    sandbox->connectPort(
        port, [&io, port, exchange, isHead, id = sandbox->id(), text = std::move(text)](Result<UniqueFd> fd) mutable {
            if (!fd)
                return exchange->respond(proxyError(502, id, "The sandbox is running but port is not open", port));
            auto passing = std::make_shared<Passing>(io, fd->release());
            exchange->onClosed([weak = std::weak_ptr(passing)] {
                if (const auto self = weak.lock())
                    self->close();
            });
            asio::co_spawn(io,
                           pass(passing, std::move(text), isHead,
                                proxyError(502, id, "The server in the sandbox gave no HTTP answer", port), exchange),
                           asio::detached);
        });
}

} // namespace sandglass::engine
