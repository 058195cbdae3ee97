#include "services/stream/streamclient.h"

#include "services/core/qtstring.h"
#include "services/http/server.h"
#include "services/lifecycle/transferevents.h"
#include "services/net/retry.h"
#include "services/stream/streammessage.h"

#include <QFile>
#include <QNetworkRequest>
#include <QRandomGenerator>
#include <QRegularExpression>
#include <QSslConfiguration>
#include <QUrlQuery>

#include <utility>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::stream {

namespace {

constexpr quint64 messageLimit = 16U << 20; // a body of 1 MiB, every byte of it escaped

/// Qt tells the status of a refused upgrade in its text only.
int statusIn(const QString &text)
{
    static const QRegularExpression pattern(u"status code: ([1-5][0-9][0-9])"_s);
    return pattern.match(text).captured(1).toInt();
}

std::string phraseOf(int status)
{
    switch (status) {
    case 401:
        return "the collector does not accept the token";
    case 404:
        return "there is no live stream at this address";
    case 503:
        return "the collector has too many clients";
    default:
        return "the collector answers with status " + std::to_string(status);
    }
}

} // namespace

Result<QUrl> collectorUrl(const std::string &text)
{
    QUrl url(toQString(text), QUrl::StrictMode);
    if (!url.isValid() || (url.scheme() != "ws"_L1 && url.scheme() != "wss"_L1) || url.host().isEmpty())
        return failure(Error::Kind::Local, "a collector's address begins with wss:// or ws://");
    if (url.scheme() == "ws"_L1 && url.host() != "localhost"_L1 && !http::isLoopback(toUtf8(url.host())))
        return failure(Error::Kind::Local, "a collector on another machine needs wss://", 0, "needs_tls");
    if (url.path().isEmpty() || url.path() == "/"_L1)
        url.setPath(u"/stream"_s);
    return url;
}

StreamClient::StreamClient(lifecycle::Journal &journal, CollectorAddress address, Position position,
                           StreamClientOptions options, QObject *parent)
    : QObject(parent)
    , m_journal(journal)
    , m_address(std::move(address))
    , m_options(std::move(options))
    , m_retryTimer(this)
    , m_answerTimer(this)
    , m_beatTimer(this)
{
    m_status.url = m_address.url;
    m_status.position = std::move(position);
    m_retryTimer.setSingleShot(true);
    m_answerTimer.setSingleShot(true);
    connect(&m_retryTimer, &QTimer::timeout, this, &StreamClient::open);
    connect(&m_answerTimer, &QTimer::timeout, this, [this] {
        breakOff({Error::Kind::Timeout, 0, "the collector does not answer", {}});
    });
    connect(&m_beatTimer, &QTimer::timeout, this, &StreamClient::beat);
}

StreamClient::~StreamClient()
{
    if (m_socket)
        m_socket->disconnect(this);
}

void StreamClient::start()
{
    open();
}

void StreamClient::open()
{
    const auto base = collectorUrl(m_address.url);
    if (!base) {
        m_status.error = base.error();
        return setState(CollectorState::Refused);
    }
    closeIntake();
    m_intake = std::make_unique<Intake>(m_journal, m_status.position, m_options.inFlight, [this] {
        QMetaObject::invokeMethod(this, "noteProgress", Qt::QueuedConnection); // by name: see Mailbox
    });
    m_notice.reset();
    m_socket = std::make_unique<QWebSocket>();
    m_socket->setMaxAllowedIncomingFrameSize(messageLimit);
    m_socket->setMaxAllowedIncomingMessageSize(messageLimit);
    connect(m_socket.get(), &QWebSocket::textMessageReceived, this, &StreamClient::readText);
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    connect(m_socket.get(), &QWebSocket::errorOccurred, this, &StreamClient::noteSocketError);
#else
    connect(m_socket.get(), qOverload<QAbstractSocket::SocketError>(&QWebSocket::error), this,
            &StreamClient::noteSocketError);
#endif
    connect(m_socket.get(), &QWebSocket::disconnected, this, [this] {
        breakOff(m_notice.value_or(Error{Error::Kind::Transport, 0, "the collector closed the connection", {}}));
    });
    connect(m_socket.get(), &QWebSocket::pong, this, [this] { m_heardAt = std::chrono::steady_clock::now(); });
    if (!m_options.certificateFile.empty()) {
        QSslConfiguration tls = m_socket->sslConfiguration();
        QFile file(toQString(m_options.certificateFile.string()));
        if (file.open(QIODevice::ReadOnly))
            tls.addCaCertificates(QSslCertificate::fromDevice(&file));
        m_socket->setSslConfiguration(tls);
    }
    QUrl url = *base;
    QUrlQuery query(url);
    query.addQueryItem(u"full"_s, u"1"_s);
    if (m_status.position.id.empty())
        query.addQueryItem(u"after"_s, u"0"_s);
    else
        query.addQueryItem(u"after_id"_s,
                           QString::fromLatin1(QUrl::toPercentEncoding(toQString(m_status.position.id))));
    url.setQuery(query);
    QNetworkRequest request(url);
    request.setRawHeader("Authorization", "Bearer " + QByteArray::fromStdString(m_address.token));
    m_answerTimer.start(m_options.answerLimit);
    setState(CollectorState::Connecting);
    m_socket->open(request);
}

void StreamClient::readText(const QString &text)
{
    m_heardAt = std::chrono::steady_clock::now();
    const std::string utf8 = toUtf8(text);
    const auto message = readMessage(utf8);
    if (!message)
        return breakOff(message.error());
    switch (message->kind) {
    case Incoming::Kind::Hello:
        return readHello(*message);
    case Incoming::Kind::Event:
        return readEvent(*message);
    case Incoming::Kind::Live:
        return setState(CollectorState::Live);
    case Incoming::Kind::Notice:
        m_notice =
            Error{Error::Kind::Service, 0, stringOr(message->fields, "message"), stringOr(message->fields, "code")};
        return;
    case Incoming::Kind::Cost: // of the collector's own picture; ours comes from the events
    case Incoming::Kind::Other:
        return;
    }
}

void StreamClient::readHello(const Incoming &message)
{
    if (intOr(message.fields, "version") != streamVersion)
        return breakOff({Error::Kind::Decode, 0, "the collector speaks another version of the stream", "version"});
    m_answerTimer.stop();
    m_tries = 0;
    m_status.error.reset();
    m_beatTimer.start(m_options.pingInterval);
    setState(CollectorState::CatchingUp);
}

void StreamClient::readEvent(const Incoming &message)
{
    const std::string id = stringOr(message.fields, "id");
    if (message.record.empty())
        return breakOff({Error::Kind::Decode, 0, "the collector sends events without their record", {}});
    auto event = lifecycle::eventOfLine(message.record);
    if (!event) {
        ++m_status.unusable;
        m_intake->skip(id, message.seq);
        return;
    }
    event->id = id; // one name for it, here and there
    if (!m_intake->take(std::move(*event), message.seq, m_options.answerLimit))
        breakOff(journalError());
}

void StreamClient::noteProgress()
{
    if (!m_intake)
        return;
    if (!readProgress())
        return breakOff(journalError());
    Q_EMIT changed();
}

bool StreamClient::readProgress()
{
    const Intake::Progress progress = m_intake->progress();
    m_status.position = progress.position;
    m_status.stored = m_storedBefore + progress.stored;
    m_status.duplicates = m_duplicatesBefore + progress.duplicates;
    return !progress.hasFailed;
}

// What was under way when the connection broke need not be sent again.
void StreamClient::closeIntake()
{
    if (!m_intake)
        return;
    m_intake->settle(m_options.answerLimit);
    (void)readProgress();
    m_storedBefore = m_status.stored;
    m_duplicatesBefore = m_status.duplicates;
    m_intake.reset();
}

Error StreamClient::journalError() const
{
    return m_journal.lastFailure().value_or(
        Error{Error::Kind::Local, 0, "the journal does not take the events", "journal"});
}

void StreamClient::noteSocketError(QAbstractSocket::SocketError code)
{
    const QString text = m_socket->errorString();
    if (const int status = statusIn(text); status != 0)
        return breakOff({Error::Kind::Http, status, phraseOf(status), {}});
    if (m_notice || (code == QAbstractSocket::RemoteHostClosedError && m_status.state != CollectorState::Connecting))
        return; // `disconnected` follows
    breakOff({Error::Kind::Transport, 0, toUtf8(text), code == QAbstractSocket::SslHandshakeFailedError ? "tls" : ""});
}

void StreamClient::breakOff(Error error)
{
    if (!m_socket)
        return;
    m_answerTimer.stop();
    m_beatTimer.stop();
    m_socket->disconnect(this);
    m_socket->abort();
    m_socket.release()->deleteLater(); // it may be in the middle of a signal
    ++m_tries;
    const bool isHopeless = error.kind == Error::Kind::Http && !error.isRetryable();
    m_status.error = std::move(error);
    m_retryTimer.start(isHopeless ? net::longestRetryWait
                                  : net::backOff(m_tries + 1, 0.5 + QRandomGenerator::global()->generateDouble()));
    setState(CollectorState::Waiting);
}

void StreamClient::beat()
{
    if (std::chrono::steady_clock::now() - m_heardAt > 2 * m_options.pingInterval)
        return breakOff({Error::Kind::Timeout, 0, "the collector has fallen silent", {}});
    m_socket->ping();
}

void StreamClient::setState(CollectorState state)
{
    m_status.state = state;
    Q_EMIT changed();
}

} // namespace sandglass::stream
