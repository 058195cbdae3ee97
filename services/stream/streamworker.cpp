#include "services/stream/streamworker.h"

#include "services/core/qtstring.h"
#include "services/http/tls.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/journallookup.h"

#include <QFile>
#include <QLoggingCategory>
#include <QSslKey>
#include <QSslSocket>

#include <algorithm>
#include <utility>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::stream {

namespace {

Q_LOGGING_CATEGORY(logStream, "sandglass.stream")

constexpr int kernelBuffer = 256 << 10; // more would only hide that a client does not read
constexpr std::int64_t abortAbove = 32 << 20;
constexpr std::size_t mostTemplateNames = 10'000;

QByteArray contentOf(const std::filesystem::path &path)
{
    QFile file(toQString(path.string()));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

QSslKey keyOf(const QByteArray &pem)
{
    for (const auto algorithm : {QSsl::Rsa, QSsl::Ec, QSsl::Dsa}) {
        if (QSslKey key(pem, algorithm); !key.isNull())
            return key;
    }
    return {};
}

} // namespace

StreamWorker::StreamWorker(const lifecycle::Journal &journal, cost::RateCard card, StreamServerOptions options,
                           std::shared_ptr<StreamCounters> counters)
    : m_journal(journal)
    , m_card(std::move(card))
    , m_options(std::move(options))
    , m_counters(std::move(counters))
    , m_upgrader(u"sandglass"_s,
                 m_options.certificateFile.empty() ? QWebSocketServer::NonSecureMode : QWebSocketServer::SecureMode,
                 this)
    , m_watchTimer(this)
    , m_lookTimer(this)
    , m_retryTimer(this)
{
    connect(&m_upgrader, &QWebSocketServer::newConnection, this, &StreamWorker::adoptClients);
    connect(&m_watchTimer, &QTimer::timeout, this, &StreamWorker::watch);
    connect(&m_retryTimer, &QTimer::timeout, this, &StreamWorker::broadcast);
    connect(&m_lookTimer, &QTimer::timeout, this, &StreamWorker::broadcast);
    m_lookTimer.setInterval(50ms);
    m_retryTimer.setSingleShot(true);
    m_retryTimer.setInterval(1s);
    m_watchTimer.setInterval(std::clamp(std::min(m_options.stallLimit, m_options.pingInterval) / 4,
                                        std::chrono::milliseconds(20), std::chrono::milliseconds(1s)));
}

StreamWorker::~StreamWorker() = default;

Result<> StreamWorker::loadCertificate()
{
    m_hasTls = !m_options.certificateFile.empty() || !m_options.keyFile.empty();
    if (!m_hasTls)
        return {};
    // Names what is wrong with the pair, and finds a key that does not belong to it.
    if (const auto usable = http::TlsContext::load(m_options.certificateFile, m_options.keyFile); !usable)
        return failure(usable.error());
    const QSslKey key = keyOf(contentOf(m_options.keyFile));
    if (key.isNull())
        return failure(Error::Kind::Local, "the key " + m_options.keyFile.string() + " is of no kind that Qt can use",
                       0, "bad_key");
    m_tls = QSslConfiguration::defaultConfiguration();
    m_tls.setProtocol(QSsl::TlsV1_2OrLater);
    m_tls.setPeerVerifyMode(QSslSocket::VerifyNone); // of clients nothing but the token is asked
    m_tls.setLocalCertificateChain(QSslCertificate::fromData(contentOf(m_options.certificateFile)));
    m_tls.setPrivateKey(key);
    return {};
}

Result<std::uint16_t> StreamWorker::listen()
{
    if (const auto loaded = loadCertificate(); !loaded)
        return failure(loaded.error());
    m_head = m_journal.lastSeq();
    if (!QTcpServer::listen(QHostAddress(toQString(m_options.address)), m_options.port))
        return failure(Error::Kind::Local,
                       "the live stream cannot listen on " + m_options.address + ":" + std::to_string(m_options.port)
                           + ": " + toUtf8(errorString()));
    return serverPort();
}

void StreamWorker::closeAll()
{
    close();
    for (const auto &peer : m_peers)
        peer->dismiss("shutting_down", "the server ends", QWebSocketProtocol::CloseCodeGoingAway);
}

void StreamWorker::incomingConnection(qintptr handle)
{
    auto *tls = m_hasTls ? new QSslSocket(this) : nullptr;
    auto *socket = tls ? tls : new QTcpSocket(this);
    if (!socket->setSocketDescriptor(handle) || m_connectionCount >= m_options.maxConnections) {
        ++m_counters->refused;
        delete socket;
        return;
    }
    ++m_connectionCount;
    connect(socket, &QObject::destroyed, this, [this, socket] {
        --m_connectionCount;
        m_upgrading.erase(socket);
    });
    socket->setSocketOption(QAbstractSocket::SendBufferSizeSocketOption, kernelBuffer);
    socket->setReadBufferSize(static_cast<qint64>(handshakeLimit));
    connect(socket, &QTcpSocket::readyRead, this, [this, socket] { readHead(socket); });
    connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
    auto *deadline = new QTimer(socket); // gone with the socket, and once the client is adopted
    deadline->setSingleShot(true);
    connect(deadline, &QTimer::timeout, socket, [socket] {
        socket->abort();
        socket->deleteLater();
    });
    deadline->start(m_options.handshakeLimit);
    if (tls) {
        tls->setSslConfiguration(m_tls);
        tls->startServerEncryption();
    }
}

void StreamWorker::readHead(QTcpSocket *socket)
{
    const QByteArray bytes = socket->peek(static_cast<qint64>(handshakeLimit));
    const std::string_view text(bytes.constData(), static_cast<std::size_t>(bytes.size()));
    const auto end = endOfHead(text);
    if (!end) {
        if (text.size() >= handshakeLimit)
            refuse(socket, http::Response::error(431, "the headers are too large"));
        return;
    }
    Handshake handshake = judgeHandshake(text.substr(0, *end), m_options.token);
    if (!handshake.refusal && static_cast<int>(m_peers.size()) >= m_options.maxClients)
        handshake.refusal = http::Response::error(503, "too many clients");
    if (handshake.refusal)
        return refuse(socket, *handshake.refusal);
    disconnect(socket, &QTcpSocket::readyRead, this, nullptr);
    socket->setReadBufferSize(0);
    m_upgrading.insert_or_assign(socket, std::move(handshake.request));
    m_upgrader.handleConnection(socket);
}

void StreamWorker::refuse(QTcpSocket *socket, const http::Response &response)
{
    ++m_counters->refused;
    disconnect(socket, &QTcpSocket::readyRead, this, nullptr);
    const std::string text = refusalText(response);
    socket->readAll(); // unread bytes would turn the close into a reset that may overtake the answer
    socket->write(text.data(), static_cast<qint64>(text.size()));
    socket->disconnectFromHost();
}

void StreamWorker::adoptClients()
{
    while (QWebSocket *webSocket = m_upgrader.nextPendingConnection()) {
        const auto upgraded = std::ranges::find_if(m_upgrading, [webSocket](const auto &entry) {
            return entry.first->peerPort() == webSocket->peerPort()
                && entry.first->peerAddress() == webSocket->peerAddress();
        });
        std::unique_ptr<QWebSocket> owned(webSocket);
        if (upgraded == m_upgrading.end())
            continue;
        QTcpSocket *tcp = upgraded->first;
        const StreamRequest request = std::move(upgraded->second);
        m_upgrading.erase(upgraded);
        delete tcp->findChild<QTimer *>(QString(), Qt::FindDirectChildrenOnly); // the deadline
        disconnect(tcp, &QTcpSocket::disconnected, tcp, &QObject::deleteLater); // the WebSocket owns it now
        auto peer = std::make_unique<StreamPeer>(std::move(owned), tcp, request.isFull, m_options.queueLimit);
        StreamPeer *added = peer.get();
        added->filter = request.filter;
        // Queued calls outlive their sender.
        const auto queued = [this, peer = QPointer(added)](void (StreamWorker::*call)(StreamPeer &)) {
            return [this, peer, call] {
                if (peer)
                    (this->*call)(*peer);
            };
        };
        connect(added, &StreamPeer::gone, this, queued(&StreamWorker::forget), Qt::QueuedConnection);
        connect(added, &StreamPeer::drained, this, queued(&StreamWorker::catchUp), Qt::QueuedConnection);
        m_peers.push_back(std::move(peer));
        ++m_counters->accepted;
        m_counters->clients = static_cast<int>(m_peers.size());
        placeCursor(*added, request);
        if (!m_watchTimer.isActive()) {
            m_pingedAt = std::chrono::steady_clock::now();
            m_watchTimer.start();
            m_lookTimer.start();
        }
    }
}

void StreamWorker::placeCursor(StreamPeer &peer, const StreamRequest &request)
{
    bool isResumed = true;
    switch (request.from) {
    case StreamRequest::From::Now:
        peer.cursor = m_journal.lastSeq();
        break;
    case StreamRequest::From::Seq:
        isResumed = request.afterSeq <= m_journal.lastSeq(); // else it counts another journal's events
        peer.cursor = isResumed ? request.afterSeq : 0;
        break;
    case StreamRequest::From::EventId: {
        const auto seq = lifecycle::seqOf(m_journal, request.afterId);
        if (!seq) {
            peer.dismiss("journal", seq.error().message, QWebSocketProtocol::CloseCodeAbnormalDisconnection);
            return;
        }
        isResumed = seq->has_value();
        peer.cursor = seq->value_or(0);
        break;
    }
    }
    peer.send(toQString(helloMessage(peer.cursor, m_journal.lastSeq(), isResumed)));
    QMetaObject::invokeMethod(&peer, &StreamPeer::drained, Qt::QueuedConnection); // first what was missed
}

StreamWorker::Events StreamWorker::readAfter(std::int64_t seq)
{
    Events events;
    const auto done = m_journal.replayWhile(seq, [&events](std::span<const lifecycle::StoredEvent> chunk) {
        events.assign(chunk.begin(), chunk.end());
        return false;
    });
    for (const lifecycle::StoredEvent &stored : events) {
        if (!stored.event.templateAlias.empty())
            setTemplateName(stored.event.templateId, stored.event.templateAlias);
    }
    if (!done) {
        qCWarning(logStream, "%s", done.error().message.c_str());
        m_retryTimer.start();
    }
    return events;
}

void StreamWorker::eventsArrived()
{
    m_counters->isWoken = false;
    broadcast();
}

// One reading for all that are up to date; who is behind reads for itself once its queue has room.
void StreamWorker::broadcast()
{
    if (m_retryTimer.isActive())
        return;
    const std::int64_t last = m_journal.lastSeq();
    if (m_peers.empty() || last <= m_head) {
        m_head = std::max(m_head, last);
        return;
    }
    const std::int64_t before = m_head;
    const Events events = readAfter(before);
    if (events.empty()) {
        if (!m_retryTimer.isActive())
            m_head = last; // what is there cannot be read, and never will be
        return;
    }
    m_head = events.back().seq;
    m_encoded = {};
    for (const auto &peer : m_peers) {
        if (peer->isLive && peer->cursor >= before)
            sendEvents(*peer, events);
    }
    m_encoded = {};
    if (m_journal.lastSeq() > m_head) // in pieces, so that other work comes in between
        QMetaObject::invokeMethod(this, &StreamWorker::broadcast, Qt::QueuedConnection);
}

void StreamWorker::catchUp(StreamPeer &peer)
{
    if (peer.isClosing() || !peer.hasRoom() || (peer.isLive && peer.cursor >= m_head))
        return;
    const Events events = peer.cursor < m_journal.lastSeq() ? readAfter(peer.cursor) : Events();
    if (events.empty()) {
        if (!m_retryTimer.isActive() || peer.cursor >= m_journal.lastSeq())
            becomeLive(peer);
        return;
    }
    m_encoded = {};
    sendEvents(peer, events);
    m_encoded = {};
    QMetaObject::invokeMethod(&peer, &StreamPeer::drained, Qt::QueuedConnection);
}

void StreamWorker::setTemplateName(const std::string &templateId, const std::string &name)
{
    if (m_templateNames.size() < mostTemplateNames || m_templateNames.contains(templateId))
        m_templateNames.insert_or_assign(templateId, name);
}

bool StreamWorker::isWanted(const StreamPeer &peer, const lifecycle::Event &event) const
{
    const auto name = m_templateNames.find(event.templateId);
    return peer.filter.matches(event, name != m_templateNames.end() ? name->second : event.templateAlias);
}

/// Those behind the peer's cursor, as far as there is room.
void StreamWorker::sendEvents(StreamPeer &peer, const Events &events)
{
    std::vector<QString> &messages = peer.wantsRecords() ? m_encoded.full : m_encoded.brief;
    messages.resize(events.size());
    std::uint64_t sent = 0;
    for (std::size_t i = 0; i < events.size() && peer.hasRoom() && !peer.isClosing(); ++i) {
        if (events[i].seq <= peer.cursor)
            continue;
        if (!isWanted(peer, events[i].event)) {
            peer.cursor = events[i].seq;
            continue;
        }
        if (messages[i].isEmpty())
            messages[i] = toQString(eventMessage(events[i], m_card, peer.wantsRecords()));
        peer.send(messages[i]);
        peer.cursor = events[i].seq;
        ++sent;
    }
    m_counters->events += sent;
}

void StreamWorker::becomeLive(StreamPeer &peer)
{
    peer.cursor = std::max(peer.cursor, m_head);
    if (std::exchange(peer.isLive, true))
        return;
    peer.send(toQString(liveMessage(peer.cursor)));
    if (m_hasTick)
        peer.send(toQString(costMessage(m_tick)));
}

void StreamWorker::setCost(const CostTick &tick)
{
    m_tick = tick;
    m_hasTick = true;
    const QString message = m_peers.empty() ? QString() : toQString(costMessage(tick));
    for (const auto &peer : m_peers) {
        if (peer->isLive && peer->hasRoom()) // a newer one follows
            peer->send(message);
    }
}

void StreamWorker::watch()
{
    const auto now = std::chrono::steady_clock::now();
    const bool isPingDue = now - m_pingedAt >= m_options.pingInterval;
    if (isPingDue)
        m_pingedAt = now;
    for (const auto &peer : m_peers) {
        if (peer->isClosing())
            continue;
        const bool isBehind = peer->isLive && m_head - peer->cursor > m_options.lagLimit;
        if (isBehind || peer->stalledFor(now) > m_options.stallLimit) {
            ++m_counters->dropped;
            peer->dismiss("slow_consumer", "events come faster than they are read",
                          QWebSocketProtocol::CloseCodePolicyViolated);
        } else if (peer->silentFor(now) > 2 * m_options.pingInterval || peer->pendingBytes() > abortAbove) {
            ++m_counters->dropped;
            peer->abort();
        } else if (isPingDue) {
            peer->ping();
        }
    }
    for (const auto &peer : m_peers)
        catchUp(*peer);
}

void StreamWorker::forget(StreamPeer &peer)
{
    std::erase_if(m_peers, [&peer](const auto &known) { return known.get() == &peer; });
    m_counters->clients = static_cast<int>(m_peers.size());
    if (m_peers.empty()) {
        m_watchTimer.stop();
        m_lookTimer.stop();
    }
}

} // namespace sandglass::stream
