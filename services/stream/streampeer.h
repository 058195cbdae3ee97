#pragma once

#include "services/stream/streamhandshake.h"

#include <QPointer>
#include <QTcpSocket>
#include <QWebSocket>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace sandglass::stream {

/// One client of the server, in the server's thread. What waits for it is what its socket has not taken yet.
class StreamPeer final : public QObject
{
    Q_OBJECT
public:
    using Instant = std::chrono::steady_clock::time_point;

    StreamPeer(std::unique_ptr<QWebSocket> webSocket, QTcpSocket *tcp, bool isFull, std::int64_t queueLimit);
    ~StreamPeer() override;

    std::int64_t cursor = 0;       ///< the last event sent, or not wanted
    bool isLive = false;           ///< has been up to date once
    lifecycle::EventFilter filter; ///< others are passed over

    [[nodiscard]] bool wantsRecords() const { return m_isFull; }
    [[nodiscard]] bool isClosing() const { return m_isClosing; }
    [[nodiscard]] std::int64_t pendingBytes() const;
    [[nodiscard]] bool hasRoom() const { return pendingBytes() < m_queueLimit; }

    void send(const QString &message);
    void ping();
    /// Sends a notice and closes; what the client does not take within 2 s is thrown away.
    void dismiss(std::string_view code, std::string_view text, QWebSocketProtocol::CloseCode closeCode);
    void abort();

    /// How long the queue has been more than half full.
    [[nodiscard]] std::chrono::milliseconds stalledFor(Instant now);
    /// Since it last took or said something.
    [[nodiscard]] std::chrono::milliseconds silentFor(Instant now) const;

Q_SIGNALS:
    void drained(); ///< half of the queue is free
    void gone();    ///< once; the connection is over

private:
    void onWritten();
    void sayGone();
    void noteRoom(Instant now);

    std::unique_ptr<QWebSocket> m_webSocket;
    QPointer<QTcpSocket> m_tcp; ///< the web socket's own
    const bool m_isFull;
    const std::int64_t m_queueLimit;
    bool m_isClosing = false;
    bool m_isGone = false;
    Instant m_roomySince = std::chrono::steady_clock::now(); ///< the last moment with half of the queue free
    Instant m_heardAt = m_roomySince;
};

} // namespace sandglass::stream
