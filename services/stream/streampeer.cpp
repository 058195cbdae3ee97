#include "services/stream/streampeer.h"

#include "services/core/qtstring.h"
#include "services/stream/streammessage.h"

#include <QSslSocket>
#include <QTimer>

#include <utility>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::stream {

namespace {

constexpr auto farewellLimit = 2s;

std::chrono::milliseconds since(StreamPeer::Instant then, StreamPeer::Instant now)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - then);
}

} // namespace

StreamPeer::StreamPeer(std::unique_ptr<QWebSocket> webSocket, QTcpSocket *tcp, bool isFull, std::int64_t queueLimit)
    : m_webSocket(std::move(webSocket)), m_tcp(tcp), m_isFull(isFull), m_queueLimit(queueLimit)
{
    constexpr quint64 incomingLimit = 4096; // clients have nothing to say
    m_webSocket->setParent(nullptr);
    m_webSocket->setMaxAllowedIncomingFrameSize(incomingLimit);
    m_webSocket->setMaxAllowedIncomingMessageSize(incomingLimit);
    connect(m_webSocket.get(), &QWebSocket::disconnected, this, &StreamPeer::sayGone);
    connect(m_webSocket.get(), &QWebSocket::pong, this, [this] { m_heardAt = std::chrono::steady_clock::now(); });
    const auto refuseMessage = [this] {
        dismiss("no_messages", "this stream takes no messages", QWebSocketProtocol::CloseCodeDatatypeNotSupported);
    };
    connect(m_webSocket.get(), &QWebSocket::textMessageReceived, this, refuseMessage);
    connect(m_webSocket.get(), &QWebSocket::binaryMessageReceived, this, refuseMessage);
    if (auto *tls = qobject_cast<QSslSocket *>(tcp))
        connect(tls, &QSslSocket::encryptedBytesWritten, this, &StreamPeer::onWritten);
    else
        connect(tcp, &QTcpSocket::bytesWritten, this, &StreamPeer::onWritten);
}

StreamPeer::~StreamPeer()
{
    m_webSocket->disconnect(this); // it says goodbye while it is destroyed
}

std::int64_t StreamPeer::pendingBytes() const
{
    if (!m_tcp)
        return 0;
    // TLS encrypts at once whatever it is given: what waits then waits behind it.
    const auto *tls = qobject_cast<const QSslSocket *>(m_tcp.data());
    return m_tcp->bytesToWrite() + (tls ? tls->encryptedBytesToWrite() : 0);
}

void StreamPeer::send(const QString &message)
{
    if (!m_isClosing)
        m_webSocket->sendTextMessage(message);
}

void StreamPeer::ping()
{
    if (!m_isClosing)
        m_webSocket->ping();
}

void StreamPeer::dismiss(std::string_view code, std::string_view text, QWebSocketProtocol::CloseCode closeCode)
{
    if (std::exchange(m_isClosing, true))
        return;
    m_webSocket->sendTextMessage(toQString(noticeMessage(code, text, cursor)));
    m_webSocket->close(closeCode, toQString(text));
    QTimer::singleShot(farewellLimit, this, &StreamPeer::abort);
}

void StreamPeer::abort()
{
    m_isClosing = true;
    if (m_tcp)
        m_tcp->abort();
    sayGone();
}

std::chrono::milliseconds StreamPeer::stalledFor(Instant now)
{
    noteRoom(now);
    return since(m_roomySince, now);
}

std::chrono::milliseconds StreamPeer::silentFor(Instant now) const
{
    return since(m_heardAt, now);
}

void StreamPeer::noteRoom(Instant now)
{
    if (pendingBytes() <= m_queueLimit / 2)
        m_roomySince = now;
}

void StreamPeer::onWritten()
{
    m_heardAt = std::chrono::steady_clock::now();
    noteRoom(m_heardAt);
    if (m_roomySince == m_heardAt && !m_isClosing)
        Q_EMIT drained();
}

void StreamPeer::sayGone()
{
    m_isClosing = true;
    if (!std::exchange(m_isGone, true))
        Q_EMIT gone();
}

} // namespace sandglass::stream
