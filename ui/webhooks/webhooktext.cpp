#include "ui/webhooks/webhooktext.h"

#include "services/core/qtstring.h"
#include "ui/text/format.h"

#include <QCoreApplication>

namespace sandglass::ui {

namespace {

struct Texts
{
    Q_DECLARE_TR_FUNCTIONS(sandglass::ui::WebhookText)
};

constexpr std::int64_t slowMs = 3'000;

QString statusAdvice(int status)
{
    if (status == 401 || status == 403)
        return Texts::tr("the receiver refused it: most often its secret is another one");
    if (status == 404 || status == 405 || status == 410)
        return Texts::tr("nothing takes deliveries at this path");
    if (status >= 300 && status < 400)
        return Texts::tr("the receiver redirects; deliveries follow no redirects");
    if (status >= 500)
        return Texts::tr("the receiver failed; its log says why");
    return {};
}

QString classAdvice(const std::string &errorClass)
{
    if (errorClass == "dns_error")
        return Texts::tr("the name of the host was not found");
    if (errorClass == "timeout")
        return Texts::tr("no answer in time");
    if (errorClass == "transport_error")
        return Texts::tr("nobody listens there, or the certificate is not trusted");
    if (errorClass == "request_error")
        return Texts::tr("the request could not be made: look at the URL");
    if (errorClass == "signature_error")
        return Texts::tr("it could not be signed: give the webhook a new secret");
    if (errorClass == "canceled")
        return Texts::tr("the sender gave it up");
    return {};
}

} // namespace

QString webhookErrorText(const Error &error)
{
    if (error.code == "not_supported")
        return Texts::tr("This installation has no webhooks. Sandboxes are followed by asking for its list instead.");
    if (error.code == "no_key")
        return Texts::tr("This connection has no API key yet. Settings takes one.");
    if (error.status == 401 || error.status == 403)
        return Texts::tr("The API refuses the key: %1").arg(toQString(error.message));
    if (error.kind == Error::Kind::Transport || error.kind == Error::Kind::Timeout)
        return Texts::tr("The API cannot be reached: %1").arg(toQString(error.message));
    return toQString(error.message);
}

QString testReportText(const e2b::TestDeliveryReport &report)
{
    using Finding = e2b::TestDeliveryReport::Finding;
    const QString took = formatDuration(report.duration);
    const QString answer = report.answer.empty() ? QString() : QStringLiteral("\n") + toQString(report.answer);
    switch (report.finding) {
    case Finding::Accepted:
        return Texts::tr("✓ Accepted with %1 after %2").arg(report.status).arg(took) + answer;
    case Finding::Slow:
        return Texts::tr("▲ Accepted with %1, but only after %2: answer first, work later").arg(report.status).arg(took)
            + answer;
    case Finding::BadUrl:
        return Texts::tr("✕ This is no http or https URL") + answer;
    case Finding::HostNotFound:
        return Texts::tr("✕ The name of the host was not found") + answer;
    case Finding::Refused:
        return Texts::tr("✕ Nobody listens there") + answer;
    case Finding::Tls:
        return Texts::tr("✕ The certificate is not trusted") + answer;
    case Finding::TimedOut:
        return Texts::tr("✕ No answer within %1").arg(took) + answer;
    case Finding::Closed:
        return Texts::tr("✕ The connection broke before the answer") + answer;
    case Finding::Unauthorized:
    case Finding::NotFound:
    case Finding::Redirected:
    case Finding::Failed:
        break;
    }
    const QString advice = statusAdvice(report.status);
    return Texts::tr("✕ Refused with %1 after %2").arg(report.status).arg(took)
        + (advice.isEmpty() ? QString() : u": " + advice) + answer;
}

QString reachText(const QString &url, bool isCloud)
{
    if (!isCloud)
        return {};
    switch (e2b::reachOf(toUtf8(url))) {
    case e2b::Reach::Public:
    case e2b::Reach::Invalid:
        return {};
    case e2b::Reach::Private:
        return Texts::tr("▲ This address belongs to a private network: the cloud does not get there. Open a tunnel.");
    case e2b::Reach::Loopback:
        return Texts::tr("▲ This address is this machine only: the cloud does not get there. Open a tunnel.");
    }
    return {};
}

QString attemptText(const e2b::WebhookDelivery &attempt)
{
    const QString took = formatDuration(std::chrono::milliseconds(attempt.durationMs));
    if (attempt.isSuccess)
        return attempt.durationMs > slowMs
            ? Texts::tr("accepted with %1, but only after %2").arg(attempt.responseStatus).arg(took)
            : Texts::tr("accepted with %1 after %2").arg(attempt.responseStatus).arg(took);
    QString advice =
        attempt.responseStatus > 0 ? statusAdvice(attempt.responseStatus) : classAdvice(attempt.errorClass);
    if (advice.isEmpty())
        advice = toQString(attempt.errorMessage.empty() ? attempt.errorClass : attempt.errorMessage);
    return attempt.responseStatus > 0
        ? Texts::tr("refused with %1 after %2: %3").arg(attempt.responseStatus).arg(took, advice)
        : Texts::tr("failed after %1: %2").arg(took, advice);
}

} // namespace sandglass::ui
