#include "services/engine/api/deliveryclient.h"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace sandglass::engine {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kHeadLimit = 64U << 10;
constexpr std::size_t kBodyLimit = 16U << 10;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

struct Post
{
    HttpUrl url;
    std::string request;
    std::string answer; ///< head and as much of the body as is kept
    PostOutcome outcome;
    bool timedOut = false;
};

std::string requestText(const HttpUrl &url, const http::Headers &headers, const std::string &body)
{
    std::string text = "POST " + url.target + " HTTP/1.1\r\nHost: " + url.authority
        + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    for (const auto &[name, value] : headers)
        text += name + ": " + value + "\r\n";
    return text + "\r\n" + body;
}

void fail(Post &post, const char *errorClass, const error_code &error)
{
    post.outcome.errorClass = post.timedOut ? "timeout" : errorClass;
    post.outcome.errorMessage = post.timedOut ? "no complete answer in time" : error.message();
}

/// Length the head promises for the body, or kBodyLimit when it does not say.
std::size_t promisedBody(std::string head)
{
    std::transform(head.begin(), head.end(), head.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const auto at = head.find("\r\ncontent-length:");
    if (at == std::string::npos)
        return kBodyLimit;
    const auto first = head.find_first_not_of(' ', at + 17);
    std::size_t length = kBodyLimit;
    if (first != std::string::npos)
        std::from_chars(head.data() + first, head.data() + head.size(), length);
    return std::min(length, kBodyLimit);
}

bool takeStatus(PostOutcome &outcome)
{
    // "HTTP/1.1 200 OK"
    if (!outcome.head.starts_with("HTTP/1.") || outcome.head.size() < 12)
        return false;
    const char *digits = outcome.head.data() + 9;
    return std::from_chars(digits, digits + 3, outcome.status).ec == std::errc() && outcome.status >= 100;
}

template<typename Stream>
asio::awaitable<void> talk(Stream &stream, Post &post)
{
    auto [writeError, written] = co_await asio::async_write(stream, asio::buffer(post.request), kNoThrow);
    if (writeError)
        co_return fail(post, "transport_error", writeError);
    auto [headError, headSize] =
        co_await asio::async_read_until(stream, asio::dynamic_buffer(post.answer, kHeadLimit), "\r\n\r\n", kNoThrow);
    if (headError)
        co_return fail(post, "transport_error", headError);
    post.outcome.head = post.answer.substr(0, headSize);
    if (!takeStatus(post.outcome)) {
        post.outcome.errorClass = "transport_error";
        post.outcome.errorMessage = "the answer is not HTTP";
        co_return;
    }
    const std::size_t wanted = headSize + promisedBody(post.outcome.head);
    std::array<char, 4096> piece{};
    while (post.answer.size() < wanted) {
        auto [readError, count] = co_await stream.async_read_some(asio::buffer(piece), kNoThrow);
        if (readError)
            break; // the status counts; a body cut short does not matter to the sender
        post.answer.append(piece.data(), std::min(count, wanted - post.answer.size()));
    }
    post.outcome.body = post.answer.substr(std::min(headSize, post.answer.size()), kBodyLimit);
}

asio::awaitable<void> talkSecurely(tcp::socket &socket, Post &post)
{
    asio::ssl::context context(asio::ssl::context::tls_client);
    error_code ignored;
    context.set_default_verify_paths(ignored);
    asio::ssl::stream<tcp::socket &> stream(socket, context);
    stream.set_verify_mode(asio::ssl::verify_peer, ignored);
    stream.set_verify_callback(asio::ssl::host_name_verification(post.url.host), ignored);
    // SSL_set_tlsext_host_name() without the C cast of its macro.
    SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, post.url.host.data());
    auto [handshakeError] = co_await stream.async_handshake(asio::ssl::stream_base::client, kNoThrow);
    if (handshakeError)
        co_return fail(post, "transport_error", handshakeError);
    co_await talk(stream, post);
}

asio::awaitable<void> run(tcp::resolver &resolver, tcp::socket &socket, Post &post)
{
    auto [resolveError, endpoints] = co_await resolver.async_resolve(post.url.host, post.url.port, kNoThrow);
    if (resolveError)
        co_return fail(post, "dns_error", resolveError);
    auto [connectError, endpoint] = co_await asio::async_connect(socket, endpoints, kNoThrow);
    if (connectError)
        co_return fail(post, "transport_error", connectError);
    if (post.url.secure)
        co_await talkSecurely(socket, post);
    else
        co_await talk(socket, post);
}

asio::awaitable<void> postWithin(Post post, std::chrono::milliseconds timeout, std::function<void(PostOutcome)> done)
{
    const auto executor = co_await asio::this_coro::executor;
    tcp::resolver resolver(executor);
    tcp::socket socket(executor);
    asio::steady_timer timer(executor, timeout);
    auto alive = std::make_shared<bool>(true); // the timer's handler may still be queued when this frame is gone
    timer.async_wait([alive, &post, &resolver, &socket](const error_code &error) {
        if (error || !*alive)
            return;
        post.timedOut = true;
        resolver.cancel();
        error_code ignored;
        socket.close(ignored);
    });
    const auto start = std::chrono::steady_clock::now();
    co_await run(resolver, socket, post);
    *alive = false;
    timer.cancel();
    post.outcome.duration =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    done(std::move(post.outcome));
}

} // namespace

std::optional<HttpUrl> parseHttpUrl(std::string_view text)
{
    HttpUrl url;
    if (text.starts_with("https://"))
        url.secure = true;
    else if (!text.starts_with("http://"))
        return std::nullopt;
    text.remove_prefix(url.secure ? 8 : 7);
    const auto hasControl = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
    if (text.size() > 2048 || std::any_of(text.begin(), text.end(), hasControl))
        return std::nullopt; // spaces and line breaks would forge the request
    const auto end = text.find_first_of("/?#");
    std::string_view authority = text.substr(0, end);
    if (authority.find('@') != std::string_view::npos)
        return std::nullopt;
    url.authority = authority;
    url.target = end == std::string_view::npos ? "/" : std::string(text.substr(end, text.find('#') - end));
    if (!url.target.starts_with('/'))
        url.target.insert(0, "/");
    url.port = url.secure ? "443" : "80";
    const auto bracket = authority.rfind(']');
    const auto colon = authority.rfind(':');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        url.port = authority.substr(colon + 1);
        authority = authority.substr(0, colon);
        std::uint16_t number = 0;
        const auto [stop, error] = std::from_chars(url.port.data(), url.port.data() + url.port.size(), number);
        if (error != std::errc() || stop != url.port.data() + url.port.size() || number == 0)
            return std::nullopt;
    }
    if (authority.starts_with('[') && authority.ends_with(']'))
        authority = authority.substr(1, authority.size() - 2);
    url.host = authority;
    return url.host.empty() ? std::nullopt : std::optional(url);
}

void postOnce(asio::io_context &io, HttpUrl url, http::Headers headers, std::string body,
              std::chrono::milliseconds timeout, std::function<void(PostOutcome)> done)
{
    Post post;
    post.request = requestText(url, headers, body);
    post.url = std::move(url);
    asio::co_spawn(io, postWithin(std::move(post), timeout, std::move(done)), asio::detached);
}

} // namespace sandglass::engine
