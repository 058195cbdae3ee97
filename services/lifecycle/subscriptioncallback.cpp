#include "services/lifecycle/subscriptioncallback.h"

#include "services/core/ids.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/lifecycle/signature.h"

#include <QUrl>

#include <algorithm>
#include <utility>

namespace sandglass::lifecycle {
namespace {

constexpr std::size_t leastSecret = 32;

/// Refused for good; 408 and 429 are about the moment.
bool isFinal(int status)
{
    return status >= 300 && status < 500 && status != 408 && status != 429;
}

} // namespace

Result<> HttpCallback::check(const CallbackTarget &target)
{
    const QUrl url(toQString(target.url), QUrl::StrictMode);
    if (!url.isValid() || url.host().isEmpty() || (url.scheme() != u"http" && url.scheme() != u"https"))
        return failure(Error::Kind::Local, "the callback has to be an http or https URL", 0, "bad_url");
    if (!target.secret.empty() && target.secret.size() < leastSecret)
        return failure(Error::Kind::Local, "the secret has fewer than 32 characters", 0, "secret_too_short");
    return {};
}

HttpCallback::HttpCallback(CallbackTarget target, std::string name, CallbackPoster poster, QObject *parent)
    : QObject(parent), m_target(std::move(target)), m_name(std::move(name)), m_poster(std::move(poster))
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &HttpCallback::send);
}

HttpCallback::~HttpCallback()
{
    m_running.cancel();
}

void HttpCallback::enqueue(const Event &event)
{
    if (m_status.hasGivenUp) {
        ++m_status.dropped; // said when it gave up
        return;
    }
    m_queue.push_back({event.id, event.raw.empty() ? encodeEvent(event) : event.raw});
    m_status.waiting = m_queue.size();
    if (m_queue.size() > std::max<std::size_t>(1, m_target.queueLimit)) {
        // The oldest that is not under way.
        m_queue.erase(m_queue.begin() + (m_isUnderWay || m_try > 0 ? 1 : 0));
        m_status.waiting = m_queue.size();
        ++m_status.dropped;
        Q_EMIT troubled(m_status);
    }
    if (!m_isUnderWay && !m_timer.isActive())
        send();
}

void HttpCallback::resume()
{
    m_status.hasGivenUp = false;
    m_lossesInARow = 0;
}

void HttpCallback::send()
{
    if (m_queue.empty() || m_isUnderWay)
        return;
    m_isUnderWay = true;
    ++m_try;
    CallbackPost request{m_target.url,
                         {{"Content-Type", "application/json"},
                          {"User-Agent", "sandglass/" SANDGLASS_VERSION},
                          {"e2b-webhook-id", m_name},
                          {"e2b-delivery-id", newUuid()}},
                         m_queue.front().body,
                         m_target.timeout};
    if (!m_target.secret.empty()) {
        request.headers.emplace_back("e2b-signature-version", "v1");
        request.headers.emplace_back("e2b-signature", signDelivery(m_target.secret, request.body));
    }
    m_running = m_poster(request);
    whenDone(m_running, this, [this](const Result<int> &status) {
        m_isUnderWay = false;
        Error error;
        if (!status)
            error = status.error();
        else if (*status < 200 || *status >= 300)
            error = {Error::Kind::Http, *status, "HTTP " + std::to_string(*status), {}};
        settle(status && *status >= 200 && *status < 300 ? nullptr : &error);
    });
}

void HttpCallback::settle(const Error *error)
{
    if (!error) {
        ++m_status.delivered;
        m_lossesInARow = 0;
        const std::string id = m_queue.front().eventId;
        next();
        Q_EMIT delivered(id);
        return;
    }
    m_status.lastError = *error;
    if (m_try >= m_target.tries || isFinal(error->status)) {
        lose();
        return;
    }
    m_timer.start(std::min(m_target.longestWait, m_target.firstWait * (1 << std::min(m_try - 1, 16))));
}

void HttpCallback::lose()
{
    ++m_status.lost;
    if (++m_lossesInARow >= m_target.lossesUntilStop) {
        m_status.hasGivenUp = true;
        m_status.dropped += static_cast<std::int64_t>(m_queue.size()) - 1;
        m_queue.erase(m_queue.begin() + 1, m_queue.end());
    }
    next();
    Q_EMIT troubled(m_status);
}

void HttpCallback::next()
{
    m_queue.pop_front();
    m_status.waiting = m_queue.size();
    m_try = 0;
    if (!m_queue.empty())
        m_timer.start(std::chrono::milliseconds(0));
}

} // namespace sandglass::lifecycle
