#include "services/http/connection.h"

#include "services/http/message.h"
#include "services/http/requestparser.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace sandglass::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::size_t smallRead = 8U << 10;
constexpr std::size_t largeRead = 64U << 10;
constexpr std::size_t inputLimit = 64U << 10;  // unparsed bytes: pipelined requests, chunk headers, trailers
constexpr std::size_t discardLimit = 4U << 20; // of a body nobody wants, so that the peer can read why
constexpr std::chrono::milliseconds lingerTime{2'000};

int statusOf(const beast::error_code &ec)
{
    using beast::http::error;
    if (ec == error::header_limit)
        return 431;
    if (ec == error::body_limit)
        return 413;
    return ec == error::bad_version ? 505 : 400;
}

} // namespace

Connection::Connection(Hub &hub, TcpSocket socket)
    : m_hub(hub), m_socket(std::move(socket)), m_channel(std::make_shared<Channel>(hub.gate, *this))
{
    ErrorCode ec;
    m_socket.non_blocking(true, ec);
    m_socket.set_option(asio::ip::tcp::no_delay(true), ec);
    if (const auto peer = m_socket.remote_endpoint(ec); !ec)
        m_remoteAddress = peer.address().to_string();
    if (hub.tls)
        m_tls = std::make_unique<TlsSession>(*hub.tls);
}

Connection::~Connection() = default;

void Connection::start()
{
    m_deadline = Monotonic::now() + m_hub.options.headerDeadline;
    read();
}

void Connection::refuse()
{
    ++m_hub.counters.refused;
    if (m_tls)
        return close(); // the handshake is not worth it
    Response response = Response::error(503, "too many connections");
    response.headers.emplace_back("Retry-After", "1");
    reject(std::move(response));
    read();
}

void Connection::expire(Monotonic::time_point now)
{
    if (now < m_deadline)
        return;
    const auto self = shared_from_this();
    const bool isIdle = m_phase == Phase::Head && !m_parser && m_input.size() == 0;
    if (isIdle || m_phase == Phase::Closing)
        return close();
    ++m_hub.counters.timeouts;
    if (m_phase == Phase::Answer)
        return close(); // the peer does not take its answer
    tellRefused(408);
    reject(Response::error(408, "the request took too long"));
}

void Connection::windDown()
{
    m_keepAlive = false;
    if (m_phase == Phase::Head && !m_parser)
        close();
}

void Connection::close(bool tellHandler)
{
    if (m_phase == Phase::Closed)
        return;
    const auto self = shared_from_this();
    const bool wasOpen = m_phase == Phase::Answer || m_phase == Phase::Tunnel;
    m_phase = Phase::Closed;
    ErrorCode ec;
    if (m_tls && !m_isEndSealed && m_output.empty()) {
        std::string end;
        m_tls->sealEnd(end);
        m_socket.write_some(asio::buffer(end), ec); // if there is room: it only tells an end from a cut
    }
    m_socket.close(ec);
    abortSink();
    m_channel->detach();
    m_channel->setSocketBytes(0);
    m_hub.remove(this);
    if (tellHandler && wasOpen)
        tellClosed();
    m_onClosed = nullptr;
    m_onDrained = nullptr;
    m_tunnel = nullptr;
}

void Connection::read()
{
    if (m_isReading || m_isPeerGone || m_phase == Phase::Closed)
        return;
    if (m_phase == Phase::Closing)
        m_input.clear();
    if (m_input.size() >= inputLimit)
        return; // pipelined beyond reason: wait for the answer under way
    if (m_input.size() == 0 && m_phase == Phase::Head && m_input.capacity() > largeRead / 2)
        m_input.release();
    InputBuffer &target = m_tls ? m_cipher : m_input;
    target.makeSpace(m_phase == Phase::Body || m_phase == Phase::Tunnel ? largeRead : smallRead);
    m_isReading = true;
    m_socket.async_read_some(
        asio::buffer(target.space(), target.spaceSize()),
        [self = shared_from_this()](const ErrorCode &ec, std::size_t count) { self->onRead(ec, count); });
}

void Connection::onRead(ErrorCode ec, std::size_t count)
{
    m_isReading = false;
    if (m_phase == Phase::Closed)
        return;
    if (m_tls && !ec) {
        if (!decrypt(count))
            return close();
        if (m_phase == Phase::Closed)
            return;
    } else if (!m_tls) {
        m_input.commit(count);
    }
    if (ec)
        return onPeerGone(ec == asio::error::eof);
    if (m_phase == Phase::Closing && (m_discarded += count) > discardLimit)
        return close();
    process();
    if (m_tls && m_tls->hasPeerEnded() && !m_isPeerGone)
        onPeerGone(true);
}

bool Connection::decrypt(std::size_t count)
{
    m_cipher.commit(count);
    std::string answer;
    const bool isGood = m_tls->receive({m_cipher.data(), m_cipher.size()}, m_input, answer);
    m_cipher.clear();
    enqueueRaw(std::move(answer)); // of the handshake, or an alert
    flush();
    return isGood;
}

void Connection::onPeerGone(bool isOrderly)
{
    const auto self = shared_from_this();
    m_isPeerGone = true;
    if (!isOrderly)
        return close();
    if (m_isTunnel && (m_phase == Phase::Answer || m_phase == Phase::Tunnel))
        process(); // half of the way is over, after what has not been handed on yet
    else if (m_phase == Phase::Answer)
        tellClosed(); // it may only have closed its half: the answer is still tried
    else if (m_phase != Phase::Closing || m_outputBytes == 0)
        close();
}

void Connection::process()
{
    if (m_isProcessing)
        return;
    const auto self = shared_from_this();
    m_isProcessing = true;
    for (bool isMore = true; isMore;) {
        try {
            isMore = step();
        } catch (const std::exception &) { // from a handler or a sink; what they threw is theirs to log
            if (m_phase == Phase::Tunnel)
                close();
            else if (m_phase == Phase::Answer)
                dropAnswer();
            else if (m_parser) // else the exchange, dropped while unwinding, has answered
                reject(Response::error(500, "internal error"));
        }
    }
    m_isProcessing = false;
    read();
}

bool Connection::step()
{
    switch (m_phase) {
    case Phase::Head:
        return readHead();
    case Phase::Body:
        return readBody();
    case Phase::Tunnel:
        return feedTunnel();
    case Phase::Answer:
    case Phase::Closing:
    case Phase::Closed:
        break;
    }
    return false;
}

bool Connection::readHead()
{
    while (!m_parser && m_input.size() > 0 && (*m_input.data() == '\r' || *m_input.data() == '\n'))
        m_input.consume(1); // RFC 9112 2.2: empty lines before a request are skipped
    if (m_input.size() == 0) {
        if (m_isPeerGone)
            close();
        return false;
    }
    if (!m_parser) {
        m_parser = std::make_unique<RequestParser>();
        m_parser->header_limit(m_hub.options.headerLimit);
        m_parser->body_limit(boost::none); // the handler's limit is kept by RequestParser
        m_isAdmitted = m_hasPartDeadline = m_isHead = m_isHttp10 = m_isTunnel = false;
    }
    beast::error_code ec;
    m_input.consume(m_parser->put(asio::buffer(m_input.data(), m_input.size()), ec));
    if (ec == beast::http::error::need_more) {
        if (m_isPeerGone)
            close();
        if (!std::exchange(m_hasPartDeadline, true))
            m_deadline = Monotonic::now() + m_hub.options.headerDeadline;
        return false;
    }
    if (ec) {
        fail(statusOf(ec), ec == beast::http::error::header_limit ? "the header is too large" : ec.message());
        return false;
    }
    return !m_parser->is_header_done() || beginRequest();
}

bool Connection::beginRequest()
{
    ++m_hub.counters.requests;
    m_keepAlive = m_parser->keep_alive() && !m_hub.isStopping;
    m_isHttp10 = m_parser->isHttp10;
    m_isHead = m_parser->head.method == "HEAD";
    m_hasPartDeadline = false;
    if (!checkHead())
        return false;
    m_parser->head.remoteAddress = m_remoteAddress;
    m_admission = m_hub.handler->admit(m_parser->head);
    if (m_admission.rejection) {
        reject(std::move(*m_admission.rejection));
        return false;
    }
    m_isAdmitted = true;
    m_isTunnel = m_admission.isTunnel;
    if (m_isTunnel) {
        m_keepAlive = false; // nobody here tells where its body ends
        dispatch();
        return m_phase == Phase::Tunnel;
    }
    if (const auto length = m_parser->content_length(); length && *length > m_admission.bodyLimit) {
        fail(413, "the body is too large");
        return false;
    }
    m_parser->limit = m_admission.bodyLimit;
    m_parser->sink = m_admission.sink.get();
    if (m_parser->is_done()) {
        dispatch();
        return m_phase == Phase::Head;
    }
    m_parser->eager(true);
    continueExpected();
    m_phase = Phase::Body;
    return true;
}

bool Connection::checkHead()
{
    const RequestHead &head = m_parser->head;
    const int hosts = head.countHeader("host");
    if (hosts > 1 || (hosts == 0 && !m_isHttp10)) // RFC 9112 3.2
        fail(400, "exactly one Host header is needed");
    else if (m_parser->isTargetBad)
        fail(400, "the request target is malformed");
    else if (const auto expect = head.header("expect"); !expect.empty() && !equalsIgnoringCase(expect, "100-continue"))
        fail(417, "only 100-continue can be expected");
    else
        return true;
    return false;
}

void Connection::continueExpected()
{
    if (m_isHttp10 || m_input.size() > 0 || m_parser->head.header("expect").empty())
        return;
    enqueue("HTTP/1.1 100 Continue\r\n\r\n");
    flush();
}

bool Connection::readBody()
{
    beast::error_code ec;
    if (m_input.size() > 0)
        m_input.consume(m_parser->put(asio::buffer(m_input.data(), m_input.size()), ec));
    if (m_phase != Phase::Body)
        return false;
    if (ec && ec != beast::http::error::need_more) {
        fail(statusOf(ec), ec == beast::http::error::body_limit ? "the body is too large" : ec.message());
        return false;
    }
    if (m_parser->is_done()) {
        if (m_admission.sink)
            m_admission.sink->finish();
        dispatch();
        return m_phase == Phase::Head;
    }
    if (m_input.size() >= inputLimit) {
        fail(400, "a chunk header or trailer is too long");
        return false;
    }
    if (!std::exchange(m_hasPartDeadline, true))
        m_deadline = Monotonic::now() + m_admission.bodyDeadline;
    return false;
}

void Connection::dispatch()
{
    Request request{std::move(m_parser->head), std::move(m_parser->body)};
    std::shared_ptr<BodySink> sink = std::move(m_admission.sink);
    m_admission = {};
    m_parser.reset();
    m_phase = Phase::Answer;
    m_deadline = Monotonic::time_point::max();
    m_isAnswered = m_isStreaming = false;
    m_isBodyMuted = m_isHead;
    m_channel->begin(++m_request);
    m_hub.handler->handle(std::move(request), std::move(sink), std::make_shared<ChannelExchange>(m_channel, m_request));
}

bool Connection::feedTunnel()
{
    while (m_tunnel && !m_isTunnelHeld && m_input.size() > 0) {
        const auto end = m_tunnel; // may be told that all is over while it is called
        m_isTunnelHeld = !end->received({m_input.data(), m_input.size()});
        m_input.consume(m_input.size());
    }
    if (m_tunnel && m_isPeerGone && m_input.size() == 0) {
        const auto end = std::exchange(m_tunnel, nullptr);
        end->ended();
        if (m_isAnswered && m_outputBytes == 0)
            close();
    }
    return false;
}

void Connection::fail(int status, std::string_view message)
{
    ++m_hub.counters.badRequests;
    tellRefused(status);
    reject(Response::error(status, message));
}

void Connection::tellRefused(int status)
{
    if (std::exchange(m_isAdmitted, false) && m_parser)
        m_hub.handler->refused(m_parser->head, status);
}

// The last words of a connection: sent, then the peer gets a moment to read them. Closing at once would let the
// unread rest of its request turn our answer into a reset.
void Connection::reject(Response response)
{
    abortSink();
    m_phase = Phase::Closing;
    m_keepAlive = false;
    m_deadline = Monotonic::now() + lingerTime;
    enqueue(headText(response.status, response.headers, false, response.body.size()));
    if (!m_isHead)
        enqueue(std::move(response.body));
    m_input.clear();
    flush();
}

void Connection::abortSink()
{
    m_parser.reset();
    if (const auto sink = std::exchange(m_admission.sink, nullptr))
        sink->abort();
    m_admission = {};
}

} // namespace sandglass::http
