#pragma once

#include "services/http/hub.h"
#include "services/http/inputbuffer.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <deque>

namespace sandglass::http {

class RequestParser;

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// One client. A state machine over two operations: the read that is nearly always pending, and the write that is
/// pending when the peer's window is full. The read that notices a peer leaving while its answer is made is also the
/// read of the next request, so that an exchange costs one recv and one send; that is why these are completion
/// handlers and not a coroutine per request.
class Connection final : public std::enable_shared_from_this<Connection>, public StepTaker
{
public:
    Connection(Hub &hub, TcpSocket socket);
    ~Connection();

    void start();
    void refuse();                               ///< too many connections: 503 and close
    void expire(Hub::Monotonic::time_point now); ///< acts when the present deadline has passed
    void windDown();                             ///< the server stops: close when idle, else after the present answer
    void close(bool tellHandler = true);

private:
    using Monotonic = Hub::Monotonic;
    using ErrorCode = boost::system::error_code;
    enum class Phase {
        Head, ///< between requests, or in the middle of a header
        Body,
        Answer,  ///< the handler has the exchange
        Tunnel,  ///< it has the bytes of both ways as well
        Closing, ///< the last answer goes out; what still comes in is thrown away
        Closed,
    };

    // reading
    void read();
    void onRead(ErrorCode ec, std::size_t count);
    [[nodiscard]] bool decrypt(std::size_t count);
    void onPeerGone(bool isOrderly);
    void process();
    [[nodiscard]] bool step(); ///< true when there may be more to do at once
    [[nodiscard]] bool readHead();
    [[nodiscard]] bool beginRequest();
    [[nodiscard]] bool checkHead();
    [[nodiscard]] bool readBody();
    void continueExpected();
    void dispatch();
    [[nodiscard]] bool feedTunnel();
    void fail(int status, std::string_view message);
    void reject(Response response);
    void tellRefused(int status);
    void abortSink();

    // answering
    void take(Step &&step) override;
    void checkDrained() override;
    void sendAnswer(Response response);
    void startStream(StreamHead head);
    void sendChunk(std::string bytes);
    void finishStream(std::string last);
    void openTunnel(std::shared_ptr<TunnelEnd> end);
    void closeTunnelHalf();
    void dropAnswer();
    void completeAnswer();
    void tellClosed();

    // writing
    [[nodiscard]] std::string headText(int status, const Headers &headers, bool isChunked, std::size_t bodySize);
    void enqueue(std::string bytes);
    void enqueueChunk(std::string bytes); ///< none for an answer without a body
    void enqueueRaw(std::string bytes);   ///< as it goes to the socket
    void flush();
    void onWritten(ErrorCode ec, std::size_t count);
    void advance(std::size_t count);
    void onFlushed();

    Hub &m_hub;
    TcpSocket m_socket;
    std::shared_ptr<Channel> m_channel;
    std::string m_remoteAddress;
    Monotonic::time_point m_deadline = Monotonic::time_point::max();

    Phase m_phase = Phase::Head;
    bool m_isReading = false;
    bool m_isWriting = false;
    bool m_isProcessing = false;
    bool m_isPeerGone = false; ///< no more bytes will come; it may still listen

    std::unique_ptr<TlsSession> m_tls; ///< null: plain text
    InputBuffer m_cipher;              ///< what the socket gives when there is TLS
    bool m_isEndSealed = false;

    // the present request
    InputBuffer m_input;
    std::unique_ptr<RequestParser> m_parser;
    Admission m_admission;
    std::uint64_t m_request = 0;
    bool m_isAdmitted = false;
    bool m_hasPartDeadline = false; ///< the deadline of this header or body is set
    bool m_keepAlive = true;
    bool m_isHttp10 = false;
    bool m_isHead = false;
    bool m_isTunnel = false; ///< admitted as one

    // its answer
    bool m_isAnswered = false; ///< respond() or finish() has come
    bool m_isStreaming = false;
    bool m_isBodyMuted = false;          ///< HEAD, 204, 304
    std::shared_ptr<TunnelEnd> m_tunnel; ///< until the peer has closed its half
    bool m_isTunnelHeld = false;         ///< it takes no more for now
    std::function<void()> m_onDrained;
    std::function<void()> m_onClosed;

    // the way out
    std::deque<std::string> m_output; ///< a deque: pieces stay where they are while others are added
    std::size_t m_outputOffset = 0;   ///< sent bytes of the first piece
    std::size_t m_outputInFlight = 0; ///< pieces in the pending write: not to be touched
    std::size_t m_outputBytes = 0;
    std::size_t m_writeBudget = 0; ///< bytes the peer still has to take before the write deadline moves on
    std::size_t m_discarded = 0;
};

} // namespace sandglass::http
