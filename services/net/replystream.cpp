#include "services/net/replystream.h"

#include "services/net/qtrequest.h"

#include <QCoreApplication>
#include <QNetworkAccessManager>
#include <QNetworkReply>

#include <utility>

namespace sandglass::net {
namespace {

constexpr qint64 readAhead = 1 << 20; ///< what the network thread may hold for a busy receiver
constexpr qsizetype errorBodyLimit = 64 << 10;

} // namespace

ReplyStream::ReplyStream(std::shared_ptr<QNetworkAccessManager> manager, const HttpRequest &request, QObject *parent)
    : HttpStream(parent), m_manager(std::move(manager)), m_silence(request.silence)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        conclude(
            failure(Error::Kind::Timeout, m_status == 0 ? "no answer in time" : "the stream fell silent", m_status));
    });
    open(request);
}

ReplyStream::~ReplyStream()
{
    dropReply();
    // Without its client this may be the manager's last user, inside a signal of the manager's own reply.
    if (m_manager.use_count() == 1)
        QMetaObject::invokeMethod(
            QCoreApplication::instance(), [manager = m_manager] {}, Qt::QueuedConnection);
}

void ReplyStream::open(const HttpRequest &request)
{
    const auto qtRequest = toQt(request);
    if (!qtRequest) { // told later: the caller has not connected yet
        QMetaObject::invokeMethod(
            this, [this, error = qtRequest.error()] { conclude(failure(error)); }, Qt::QueuedConnection);
        return;
    }
    m_reply = dispatch(*m_manager, *qtRequest, request);
    m_reply->setReadBufferSize(readAhead);
    connect(m_reply, &QNetworkReply::metaDataChanged, this, &ReplyStream::onHeaders);
    connect(m_reply, &QNetworkReply::readyRead, this, &ReplyStream::onReadyRead);
    connect(m_reply, &QNetworkReply::finished, this, &ReplyStream::onFinished);
    if (request.timeout.count() > 0)
        m_timer.start(request.timeout);
}

void ReplyStream::abort()
{
    conclude(failure(Error::Kind::Cancelled, "cancelled"));
}

void ReplyStream::onHeaders()
{
    if (m_status != 0 || !m_reply)
        return;
    m_status = statusOf(*m_reply);
    if (m_status == 0)
        return;
    m_head.headers = headersOf(*m_reply);
    m_timer.stop();
    if (m_silence.count() > 0)
        m_timer.start(m_silence);
    Q_EMIT opened(m_status);
}

void ReplyStream::onReadyRead()
{
    if (!m_reply)
        return;
    onHeaders();
    if (!m_reply) // a receiver of opened() may have aborted
        return;
    const QByteArray piece = m_reply->readAll();
    if (piece.isEmpty())
        return;
    if (m_silence.count() > 0)
        m_timer.start(m_silence);
    if (m_status >= 200 && m_status < 300)
        Q_EMIT data(piece);
    else if (m_errorBody.size() < errorBodyLimit)
        m_errorBody += piece.left(errorBodyLimit - m_errorBody.size());
}

void ReplyStream::onFinished()
{
    const QPointer<ReplyStream> self(this);
    onReadyRead();
    if (!self || !m_reply)
        return;
    if (isBroken(*m_reply)) {
        Error error = transportError(*m_reply);
        error.status = m_status;
        conclude(failure(std::move(error)));
    } else if (m_status < 200 || m_status >= 300) {
        conclude(failure(Error::Kind::Http, m_errorBody.toStdString(), m_status));
    } else {
        conclude({});
    }
}

void ReplyStream::conclude(Result<> outcome)
{
    if (m_isDone)
        return;
    m_isDone = true;
    dropReply();
    Q_EMIT finished(outcome); // last: a receiver may delete this
}

void ReplyStream::dropReply()
{
    m_timer.stop();
    if (m_reply)
        abandon(*std::exchange(m_reply, nullptr), *this);
}

} // namespace sandglass::net
