#include "services/e2b/testdelivery.h"

#include "services/core/ids.h"
#include "services/core/qtstring.h"
#include "services/core/secret.h"
#include "services/e2b/pending.h"
#include "services/e2b/webhooktypes.h"
#include "services/lifecycle/event.h"
#include "services/lifecycle/signature.h"

#include <QElapsedTimer>
#include <QHostAddress>
#include <QUrl>

#include <algorithm>

namespace sandglass::e2b {
namespace {

using Finding = TestDeliveryReport::Finding;

constexpr std::size_t answerLimit = 200;

Finding findingOf(const Error &error)
{
    if (error.kind == Error::Kind::Timeout)
        return Finding::TimedOut;
    if (error.kind == Error::Kind::Local)
        return Finding::BadUrl;
    if (error.code == "host_not_found")
        return Finding::HostNotFound;
    if (error.code == "refused")
        return Finding::Refused;
    return error.code == "tls" ? Finding::Tls : Finding::Closed;
}

Finding findingOf(int status)
{
    if (status >= 200 && status < 300)
        return Finding::Accepted;
    if (status >= 300 && status < 400)
        return Finding::Redirected;
    if (status == 401 || status == 403)
        return Finding::Unauthorized;
    if (status == 404 || status == 405 || status == 410)
        return Finding::NotFound;
    return Finding::Failed;
}

std::string lineOf(std::string_view body)
{
    std::string line(body.substr(0, answerLimit));
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
    return redacted(line);
}

/// RFC 1918, 4193, 6598 and link-local.
bool isPrivate(const QHostAddress &address)
{
    for (const char *subnet : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}) {
        if (address.isInSubnet(QHostAddress::parseSubnet(QLatin1StringView(subnet))))
            return true;
    }
    return address.isLinkLocal();
}

std::string testBody()
{
    lifecycle::Event event;
    event.id = newUuid();
    event.typeName = TestDelivery::eventType;
    event.timestamp = systemNow();
    event.sandboxId = "sandglass-test";
    return lifecycle::encodeEvent(event);
}

} // namespace

Reach reachOf(std::string_view text)
{
    const QUrl url(toQString(text), QUrl::StrictMode);
    const QString host = url.host().toLower();
    if (!url.isValid() || host.isEmpty() || (url.scheme() != u"http" && url.scheme() != u"https"))
        return Reach::Invalid;
    QHostAddress address;
    if (address.setAddress(host)) {
        if (address.isLoopback() || address == QHostAddress(QHostAddress::AnyIPv4)
            || address == QHostAddress(QHostAddress::AnyIPv6))
            return Reach::Loopback;
        return isPrivate(address) ? Reach::Private : Reach::Public;
    }
    if (host == u"localhost" || host.endsWith(u".localhost"))
        return Reach::Loopback;
    const bool isHome = !host.contains(u'.') || host.endsWith(u".local") || host.endsWith(u".internal")
        || host.endsWith(u".lan") || host.endsWith(u".home.arpa");
    return isHome ? Reach::Private : Reach::Public;
}

TestDelivery::TestDelivery(QObject *parent) : QObject(parent) {}

TestDelivery::~TestDelivery() = default;

QFuture<Result<TestDeliveryReport>> TestDelivery::send(const std::string &url, const std::string &secret,
                                                       const std::string &webhookId)
{
    if (secret.size() < leastSecretLength)
        return ready<TestDeliveryReport>(
            failure(Error::Kind::Local, "the secret has fewer than 32 characters", 0, "secret_too_short"));
    TestDeliveryReport bad;
    bad.finding = Finding::BadUrl;
    if (reachOf(url) == Reach::Invalid)
        return ready<TestDeliveryReport>(bad);
    net::HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.body = testBody();
    request.timeout = m_timeout;
    request.bodyLimit = 1U << 20;
    request.headers = {
        {"Content-Type", "application/json"}, {"User-Agent", "sandglass/" SANDGLASS_VERSION},
        {"e2b-webhook-id", webhookId},        {"e2b-delivery-id", newUuid()},
        {"e2b-signature-version", "v1"},      {"e2b-signature", lifecycle::signDelivery(secret, request.body)}};
    QElapsedTimer clock;
    clock.start();
    return converted<TestDeliveryReport>(
        m_http.send(request), this,
        [clock, slow = m_slow](const Result<net::HttpResponse> &answer) -> Result<TestDeliveryReport> {
            TestDeliveryReport report;
            report.duration = std::chrono::milliseconds(clock.elapsed());
            if (!answer) {
                report.finding = findingOf(answer.error());
                report.answer = lineOf(answer.error().message);
                return report;
            }
            report.status = answer->status;
            report.finding = findingOf(answer->status);
            report.answer = lineOf(answer->body);
            if (report.finding == Finding::Accepted && report.duration >= slow)
                report.finding = Finding::Slow;
            return report;
        });
}

} // namespace sandglass::e2b
