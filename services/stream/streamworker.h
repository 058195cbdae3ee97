#pragma once

#include "services/core/mailbox.h"
#include "services/stream/streamhandshake.h"
#include "services/stream/streampeer.h"
#include "services/stream/streamserver.h"

#include <QSslConfiguration>
#include <QTcpServer>
#include <QTimer>
#include <QWebSocketServer>

#include <atomic>
#include <memory>
#include <unordered_map>
#include <vector>

namespace sandglass::stream {

/// Written by the worker, read by any thread.
struct StreamCounters
{
    std::atomic<bool> isWoken = false; ///< a wake-up is under way
    std::atomic<int> clients = 0;
    std::atomic<std::uint64_t> accepted = 0, refused = 0, dropped = 0, events = 0;
};

/// The server in its thread. A connection is a plain socket until its request has been judged; then Qt's WebSocket
/// code takes it over.
class StreamWorker final : public QTcpServer
{
    Q_OBJECT
public:
    StreamWorker(const lifecycle::Journal &journal, cost::RateCard card, StreamServerOptions options,
                 std::shared_ptr<StreamCounters> counters);
    ~StreamWorker() override;

    /// Any thread: runs calls in the worker's thread, in their order.
    [[nodiscard]] Mailbox &inbox() { return m_inbox; }

    /// The port it got.
    [[nodiscard]] Result<std::uint16_t> listen();
    void closeAll();

    void eventsArrived();
    void setCost(const CostTick &tick);
    void setRateCard(const cost::RateCard &card) { m_card = card; }
    void setTemplateName(const std::string &templateId, const std::string &name);

protected:
    void incomingConnection(qintptr handle) override;

private:
    using Events = std::vector<lifecycle::StoredEvent>;

    [[nodiscard]] Result<> loadCertificate();
    void readHead(QTcpSocket *socket);
    void refuse(QTcpSocket *socket, const http::Response &response);
    void adoptClients();
    void placeCursor(StreamPeer &peer, const StreamRequest &request);

    [[nodiscard]] Events readAfter(std::int64_t seq);
    void broadcast();
    void catchUp(StreamPeer &peer);
    [[nodiscard]] bool isWanted(const StreamPeer &peer, const lifecycle::Event &event) const;
    void sendEvents(StreamPeer &peer, const Events &events);
    void becomeLive(StreamPeer &peer);
    void tellCost();
    void watch();
    void forget(StreamPeer &peer);

    Mailbox m_inbox{this};
    const lifecycle::Journal &m_journal;
    cost::RateCard m_card;
    const StreamServerOptions m_options;
    const std::shared_ptr<StreamCounters> m_counters;
    QSslConfiguration m_tls;
    bool m_hasTls = false;

    QWebSocketServer m_upgrader; ///< does not listen itself
    int m_connectionCount = 0;
    std::unordered_map<QTcpSocket *, StreamRequest> m_upgrading; ///< judged, not yet a WebSocket
    std::vector<std::unique_ptr<StreamPeer>> m_peers;

    std::int64_t m_head = 0; ///< the last event that has been broadcast
    QTimer m_watchTimer;
    QTimer m_lookTimer;  ///< for events nobody has told of yet
    QTimer m_retryTimer; ///< after the journal could not be read
    StreamPeer::Instant m_pingedAt{};
    std::unordered_map<std::string, std::string> m_templateNames; ///< by id; for the filters
    CostTick m_tick;
    bool m_hasTick = false;

    /// The batch under way in the two forms clients ask for, made when first needed.
    struct Encoded
    {
        std::vector<QString> brief, full;
    };
    Encoded m_encoded;
};

} // namespace sandglass::stream
