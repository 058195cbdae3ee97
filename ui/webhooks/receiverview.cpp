#include "ui/webhooks/receiverview.h"

#include "ui/text/format.h"

#include <QCoreApplication>
#include <QStringList>

#include <cstdlib>

namespace sandglass::ui {

namespace {

constexpr std::int64_t noticeableMs = 2'000; ///< deliveries themselves take up to a second

struct Texts
{
    Q_DECLARE_TR_FUNCTIONS(sandglass::ui::ReceiverView)
};

QString count(std::uint64_t number)
{
    return formatCount(static_cast<std::int64_t>(number));
}

} // namespace

QString refusalText(const lifecycle::ReceiverStatistics &s)
{
    QStringList parts;
    const auto add = [&parts](std::uint64_t number, const QString &reason) {
        if (number > 0)
            parts.append(count(number) % u' ' % reason);
    };
    add(s.badSignature, Texts::tr("wrong signature"));
    add(s.missingSignature, Texts::tr("without signature"));
    add(s.malformed, Texts::tr("not readable"));
    add(s.tooLarge, Texts::tr("too large"));
    add(s.wrongPath, Texts::tr("wrong path"));
    add(s.wrongMethod, Texts::tr("wrong method"));
    return parts.join(QStringLiteral(" · "));
}

QString stateText(const ReceiverView &receiver)
{
    if (receiver.isListening)
        return Texts::tr("● Listening");
    return receiver.failure.isEmpty() ? Texts::tr("○ Not listening")
                                      : Texts::tr("✕ Not listening: %1").arg(receiver.failure);
}

QString acceptedText(const lifecycle::ReceiverStatistics &s)
{
    QString text = count(s.accepted);
    if (s.duplicates > 0)
        text += Texts::tr(", %1 of them delivered again").arg(count(s.duplicates));
    if (s.lastAcceptedUnixMs > 0)
        text += Texts::tr(" · last at %1").arg(formatClock(fromUnixMs(s.lastAcceptedUnixMs)));
    return text;
}

QString clockText(const lifecycle::ReceiverStatistics &s)
{
    if (!s.lowestDelayMs)
        return Texts::tr("not known before 8 deliveries");
    const std::int64_t delay = *s.lowestDelayMs;
    const QString span = formatDuration(std::chrono::milliseconds(std::abs(delay)));
    if (delay < 0)
        return Texts::tr("this machine's clock is behind by at least %1").arg(span);
    if (delay > noticeableMs)
        return Texts::tr("ahead, or deliveries are late: the quickest took %1").arg(span);
    return Texts::tr("agrees with the sender's: the quickest delivery took %1").arg(span);
}

} // namespace sandglass::ui
