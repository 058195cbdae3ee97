#include "services/net/httpcall.h"

#include "services/core/secret.h"
#include "services/net/qtrequest.h"
#include "services/net/retry.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QRandomGenerator>

#include <utility>

namespace sandglass::net {

HttpCall::HttpCall(std::shared_ptr<QNetworkAccessManager> manager, HttpRequest request, QObject *parent)
    : QObject(parent), m_manager(std::move(manager)), m_request(std::move(request))
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &HttpCall::onTimeout);
    connect(&m_watcher, &QFutureWatcherBase::canceled, this, [this] {
        dropReply();
        m_promise.finish();
        deleteLater();
    });
}

HttpCall::~HttpCall()
{
    dropReply();
}

QFuture<Result<HttpResponse>> HttpCall::start()
{
    m_promise.start();
    QFuture<Result<HttpResponse>> future = m_promise.future();
    auto qtRequest = toQt(m_request);
    if (!qtRequest) {
        finish(failure(qtRequest.error()));
        return future;
    }
    m_qtRequest = std::move(*qtRequest);
    m_watcher.setFuture(future);
    attempt();
    return future;
}

void HttpCall::attempt()
{
    ++m_try;
    m_body.clear();
    m_reply = dispatch(*m_manager, m_qtRequest, m_request);
    connect(m_reply, &QNetworkReply::readyRead, this, &HttpCall::read);
    connect(m_reply, &QNetworkReply::finished, this, &HttpCall::onFinished);
    m_timer.disconnect(this);
    connect(&m_timer, &QTimer::timeout, this, &HttpCall::onTimeout);
    m_timer.start(m_request.timeout);
}

void HttpCall::read()
{
    if (!m_reply)
        return;
    const QByteArray piece = m_reply->readAll();
    if (m_body.size() + static_cast<std::size_t>(piece.size()) > m_request.bodyLimit) {
        const int status = statusOf(*m_reply);
        finish(failure(Error::Kind::Decode,
                       "the answer is larger than " + std::to_string(m_request.bodyLimit) + " bytes", status));
        return;
    }
    m_body.append(piece.constData(), static_cast<std::size_t>(piece.size()));
}

void HttpCall::onTimeout()
{
    dropReply();
    conclude(
        failure(Error::Kind::Timeout, "no whole answer within " + std::to_string(m_request.timeout.count()) + " ms"));
}

void HttpCall::onFinished()
{
    if (!m_reply)
        return;
    read();
    if (!m_reply) // read() found the answer too large
        return;
    m_timer.stop();
    if (isBroken(*m_reply)) {
        conclude(failure(transportError(*m_reply)));
        return;
    }
    conclude(HttpResponse{statusOf(*m_reply), headersOf(*m_reply), std::move(m_body)});
}

bool HttpCall::isWorthAnotherTry(const Result<HttpResponse> &outcome) const
{
    if (!m_request.isIdempotent || m_try >= m_request.tries)
        return false;
    return outcome ? isRetryableStatus(outcome->status) : outcome.error().isRetryable();
}

void HttpCall::conclude(Result<HttpResponse> outcome)
{
    if (!isWorthAnotherTry(outcome)) {
        finish(std::move(outcome));
        return;
    }
    auto wait = backOff(m_try + 1, 0.5 + QRandomGenerator::global()->generateDouble());
    if (outcome) {
        if (const auto asked = parseRetryAfter(outcome->header("retry-after"), systemNow()))
            wait = *asked;
    }
    if (wait > longestRetryWait) {
        finish(std::move(outcome));
        return;
    }
    dropReply();
    m_timer.disconnect(this);
    connect(&m_timer, &QTimer::timeout, this, &HttpCall::attempt);
    m_timer.start(wait);
}

void HttpCall::finish(Result<HttpResponse> outcome)
{
    dropReply();
    m_watcher.disconnect(this);
    m_promise.addResult(std::move(outcome));
    m_promise.finish();
    deleteLater();
}

void HttpCall::dropReply()
{
    m_timer.stop();
    if (m_reply)
        abandon(*std::exchange(m_reply, nullptr), *this);
}

} // namespace sandglass::net
