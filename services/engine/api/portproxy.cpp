#include "services/engine/api/portproxy.h"

#include "services/engine/api/porthead.h"
#include "services/engine/api/sandboxroute.h"

#include <boost/asio.hpp>

#include <array>
#include <utility>

namespace sandglass::engine {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kHeadLimit = 64U << 10;
constexpr std::size_t kMostPending = 1U << 20; ///< each way
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
using Stream = asio::local::stream_protocol::socket;
using ExchangePtr = std::shared_ptr<http::Exchange>;

/// One connection to a server in a sandbox, and the client's: bytes of both ways, and the end of each way by itself.
class PortTunnel final : public http::TunnelEnd, public std::enable_shared_from_this<PortTunnel>
{
public:
    /// `hasMore`: bytes of this client may follow the header.
    PortTunnel(asio::io_context &io, UniqueFd socket, ExchangePtr exchange, bool hasMore)
        : m_stream(io, Stream::protocol_type(), socket.release())
        , m_drained(io)
        , m_exchange(std::move(exchange))
        , m_hasMore(hasMore)
    {}

    /// `otherwise` is the answer when the server gives none.
    void start(std::string head, bool upgrade, http::Response otherwise)
    {
        m_exchange->onClosed([weak = weak_from_this()] {
            if (const auto self = weak.lock())
                self->close();
        });
        send(head);
        m_exchange->openTunnel(shared_from_this());
        asio::co_spawn(m_stream.get_executor(), answer(shared_from_this(), upgrade, std::move(otherwise)),
                       asio::detached);
    }

    bool received(std::string_view bytes) override
    {
        if (!m_hasMore)
            return true; // another request already: it may be for another sandbox, and is not answered
        send(bytes);
        m_isClientHeld = m_toServer.size() > kMostPending;
        return !m_isClientHeld;
    }

    void ended() override
    {
        m_hasClientEnded = true;
        send({});
    }

private:
    void close()
    {
        m_isClosed = true;
        error_code ignored;
        m_stream.close(ignored);
        m_drained.cancel();
        m_exchange.reset();
    }

    void send(std::string_view bytes)
    {
        if (m_isClosed || m_isDeaf)
            return;
        m_toServer += bytes;
        if (std::exchange(m_isSending, true))
            return;
        asio::co_spawn(m_stream.get_executor(), sendAll(shared_from_this()), asio::detached);
    }

    static asio::awaitable<void> sendAll(std::shared_ptr<PortTunnel> self)
    {
        while (!self->m_toServer.empty() && !self->m_isClosed) {
            const std::string piece = std::exchange(self->m_toServer, {});
            if (std::exchange(self->m_isClientHeld, false) && self->m_exchange)
                self->m_exchange->resumeTunnel();
            const auto [error, count] = co_await asio::async_write(self->m_stream, asio::buffer(piece), kNoThrow);
            if (error) { // shows in the reading too: a server may answer before it has taken everything
                self->m_isDeaf = true;
                self->m_toServer.clear();
            }
        }
        self->m_isSending = false;
        error_code ignored;
        if (self->m_hasClientEnded && !self->m_isClosed)
            self->m_stream.shutdown(Stream::shutdown_send, ignored);
    }

    static asio::awaitable<void> answer(std::shared_ptr<PortTunnel> self, bool upgrade, http::Response otherwise)
    {
        std::string bytes;
        int status = 0;
        do { // 100 and 103 precede the answer
            const auto [error, size] = co_await asio::async_read_until(
                self->m_stream, asio::dynamic_buffer(bytes, kHeadLimit), "\r\n\r\n", kNoThrow);
            if (self->m_isClosed)
                co_return;
            auto head = error ? std::nullopt : answerHead(std::string_view(bytes).substr(0, size));
            if (!head || (head->status == 101 && !upgrade)) {
                if (status == 0)
                    self->m_exchange->respond(std::move(otherwise));
                co_return self->close();
            }
            status = head->status;
            bytes.erase(0, size);
            self->m_exchange->write(std::move(head->text));
        } while (status < 200 && status != 101);
        co_await passOn(self, std::move(bytes), status == 101);
    }

    static asio::awaitable<void> passOn(std::shared_ptr<PortTunnel> self, std::string rest, bool upgraded)
    {
        self->m_exchange->write(std::move(rest));
        std::array<char, 32U << 10> piece{};
        error_code error;
        while (!self->m_isClosed) {
            co_await self->waitUntilTaken();
            if (self->m_isClosed)
                co_return;
            std::size_t count = 0;
            std::tie(error, count) = co_await self->m_stream.async_read_some(asio::buffer(piece), kNoThrow);
            if (error)
                break;
            if (!self->m_isClosed)
                self->m_exchange->write(std::string(piece.data(), count));
        }
        if (self->m_isClosed)
            co_return;
        const bool isHalf = upgraded && error == asio::error::eof;
        if (isHalf || !upgraded)
            self->m_exchange->finish();
        if (!isHalf || self->m_isDeaf)
            self->close();
    }

    asio::awaitable<void> waitUntilTaken()
    {
        while (!m_isClosed && m_exchange->pendingBytes() > kMostPending) {
            m_drained.expires_after(std::chrono::hours(1));
            m_exchange->onDrained([weak = weak_from_this()] {
                if (const auto self = weak.lock())
                    self->m_drained.cancel();
            });
            if (!m_isClosed && m_exchange->pendingBytes() > kMostPending)
                co_await m_drained.async_wait(kNoThrow);
        }
    }

    Stream m_stream;
    asio::steady_timer m_drained; ///< cancelled = the client took what was pending
    ExchangePtr m_exchange;       ///< null once closed
    std::string m_toServer;
    bool m_hasMore;
    bool m_isSending = false;
    bool m_isClientHeld = false;
    bool m_hasClientEnded = false;
    bool m_isDeaf = false; ///< the server takes nothing more
    bool m_isClosed = false;
};

} // namespace

void proxyToPort(asio::io_context &io, const std::shared_ptr<Sandbox> &sandbox, std::uint16_t port,
                 const http::Request &request, const std::string &host, const ExchangePtr &exchange)
{
    const bool upgrade = isUpgrade(request);
    const bool hasMore =
        upgrade || !request.header("content-length").empty() || !request.header("transfer-encoding").empty();
    sandbox->connectPort(
        port,
        [&io, port, exchange, id = sandbox->id(), upgrade, hasMore,
         head = requestHeadText(request, host)](Result<UniqueFd> fd) {
            if (!fd)
                return exchange->respond(proxyError(502, id, "The sandbox is running but port is not open", port));
            const auto tunnel = std::make_shared<PortTunnel>(io, std::move(*fd), exchange, hasMore);
            tunnel->start(head, upgrade, proxyError(502, id, "The server in the sandbox gave no HTTP answer", port));
        });
}

} // namespace sandglass::engine
