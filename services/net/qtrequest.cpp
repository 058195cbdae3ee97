#include "services/net/qtrequest.h"

#include "services/core/qtstring.h"
#include "services/core/secret.h"

#include <QIODevice>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QUrl>

#include <algorithm>
#include <cstring>

namespace sandglass::net {
namespace {

/// A body that can be read once. Being sequential it has no way back, so a resend fails instead of repeating.
class OnceBody final : public QIODevice
{
public:
    explicit OnceBody(QByteArray bytes) : m_bytes(std::move(bytes))
    {
        open(QIODevice::ReadOnly | QIODevice::Unbuffered);
    }
    [[nodiscard]] bool isSequential() const final { return true; }
    [[nodiscard]] bool reset() final { return false; }
    [[nodiscard]] bool seek(qint64) final { return false; }
    [[nodiscard]] bool atEnd() const final { return m_taken == m_bytes.size(); }
    [[nodiscard]] qint64 bytesAvailable() const final { return m_bytes.size() - m_taken; }

protected:
    qint64 readData(char *to, qint64 most) final
    {
        const qint64 count = std::min<qint64>(most, m_bytes.size() - m_taken);
        if (count == 0)
            return -1;
        std::memcpy(to, m_bytes.constData() + m_taken, static_cast<std::size_t>(count));
        m_taken += count;
        return count;
    }
    qint64 writeData(const char *, qint64) final { return -1; }

private:
    QByteArray m_bytes;
    qsizetype m_taken = 0;
};

} // namespace

Result<QNetworkRequest> toQt(const HttpRequest &request)
{
    const QUrl url(toQString(request.url), QUrl::StrictMode);
    const QString scheme = url.scheme();
    if (!url.isValid() || url.host().isEmpty() || (scheme != u"http" && scheme != u"https"))
        return failure(Error::Kind::Local, "not a usable address: " + redacted(request.url));
    QNetworkRequest result(url);
    for (const auto &[name, value] : request.headers) {
        // A line break in a header would let a value write further headers.
        if (value.find_first_of("\r\n") != std::string::npos || name.find_first_of("\r\n: ") != std::string::npos)
            return failure(Error::Kind::Local, "header " + redacted(name) + " holds characters it must not hold");
        result.setRawHeader(QByteArray::fromStdString(name), QByteArray::fromStdString(value));
    }
    result.setRawHeader("Accept-Encoding", "identity");
    if (!request.body.empty())
        result.setHeader(QNetworkRequest::ContentLengthHeader, static_cast<qulonglong>(request.body.size()));
    result.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    result.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
    result.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
    result.setAttribute(QNetworkRequest::AuthenticationReuseAttribute, QNetworkRequest::Manual);
    result.setAttribute(QNetworkRequest::CacheLoadControlAttribute, QNetworkRequest::AlwaysNetwork);
    result.setAttribute(QNetworkRequest::CacheSaveControlAttribute, false);
    result.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    return result;
}

QNetworkReply *dispatch(QNetworkAccessManager &manager, const QNetworkRequest &qtRequest, const HttpRequest &request)
{
    const QByteArray verb = QByteArray::fromStdString(request.method);
    const QByteArray body = QByteArray::fromStdString(request.body);
    if (request.isIdempotent || body.isEmpty())
        return manager.sendCustomRequest(qtRequest, verb, body);
    auto *device = new OnceBody(body);
    QNetworkRequest once = qtRequest;
    once.setAttribute(QNetworkRequest::DoNotBufferUploadDataAttribute, true);
    QNetworkReply *reply = manager.sendCustomRequest(once, verb, device);
    device->setParent(reply);
    return reply;
}

int statusOf(const QNetworkReply &reply)
{
    return reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
}

HeaderList headersOf(const QNetworkReply &reply)
{
    HeaderList result;
    for (const auto &[name, value] : reply.rawHeaderPairs())
        result.emplace_back(name.toLower().toStdString(), value.toStdString());
    return result;
}

bool isBroken(const QNetworkReply &reply)
{
    const int code = reply.error();
    if (code == QNetworkReply::NoError)
        return false;
    // 200-299, 400-499 and one of the protocol errors (for 400 and 418) stand for HTTP statuses; else the exchange
    // itself failed.
    const bool fromStatus = (code >= 200 && code < 300 && code != QNetworkReply::ContentReSendError) || code >= 400
        || code == QNetworkReply::ProtocolInvalidOperationError;
    return !fromStatus || statusOf(reply) == 0;
}

Error transportError(const QNetworkReply &reply)
{
    Error error;
    error.kind = Error::Kind::Transport;
    error.message = redacted(toUtf8(reply.errorString()));
    switch (reply.error()) {
    case QNetworkReply::ConnectionRefusedError:
        error.code = "refused";
        break;
    case QNetworkReply::RemoteHostClosedError:
        error.code = "closed";
        break;
    case QNetworkReply::HostNotFoundError:
        error.code = "host_not_found";
        break;
    case QNetworkReply::SslHandshakeFailedError:
        error.code = "tls";
        break;
    default:
        error.code = "network";
        break;
    }
    return error;
}

void abandon(QNetworkReply &reply, QObject &listener)
{
    reply.disconnect(&listener);
    reply.abort();
    reply.deleteLater();
}

} // namespace sandglass::net
