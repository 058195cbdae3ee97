#include "ui/settings/receiversection.h"

#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QTimer>
#include <QVBoxLayout>

namespace sandglass::ui {

using namespace std::chrono_literals;

QString refusalText(const lifecycle::ReceiverStatistics &s)
{
    QStringList parts;
    const auto add = [&parts](std::uint64_t count, const QString &reason) {
        if (count > 0)
            parts.append(formatCount(static_cast<std::int64_t>(count)) % u' ' % reason);
    };
    add(s.badSignature, ReceiverSection::tr("wrong signature"));
    add(s.missingSignature, ReceiverSection::tr("without signature"));
    add(s.malformed, ReceiverSection::tr("not readable"));
    add(s.tooLarge, ReceiverSection::tr("too large"));
    add(s.wrongPath, ReceiverSection::tr("wrong path"));
    add(s.wrongMethod, ReceiverSection::tr("wrong method"));
    return parts.join(QStringLiteral(" · "));
}

ReceiverSection::ReceiverSection(QWidget *parent)
    : Section(tr("Webhook receiver"),
              tr("Takes signed lifecycle events and writes each to the journal before it answers."), parent)
    , m_state(nullptr)
    , m_counts(nullptr)
    , m_refused(nullptr)
    , m_doctor(nullptr)
    , m_secret(nullptr)
    , m_reveal(new QPushButton(tr("Reveal"), this))
    , m_copySecret(new QPushButton(tr("Copy secret"), this))
    , m_copyUrl(new QPushButton(tr("Copy address"), this))
    , m_hide(new QTimer(this))
{
    QFormLayout *form = addForm();
    m_state = addValue(form, tr("Address"), true);
    m_state->setObjectName(QStringLiteral("receiverAddress"));
    m_counts = addValue(form, tr("Accepted"), false);
    m_counts->setObjectName(QStringLiteral("receiverAccepted"));
    m_refused = addValue(form, tr("Refused"), false);
    m_refused->setObjectName(QStringLiteral("receiverRefused"));
    m_doctor = addValue(form, tr("Doctor"), false);
    m_doctor->setObjectName(QStringLiteral("receiverDoctor"));
    m_doctor->setWordWrap(true);
    m_secret = addValue(form, tr("Secret"), true);
    m_secret->setObjectName(QStringLiteral("receiverSecret"));
    m_reveal->setObjectName(QStringLiteral("revealSecret"));
    m_copySecret->setObjectName(QStringLiteral("copySecret"));
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_copyUrl);
    buttons->addWidget(m_reveal);
    buttons->addWidget(m_copySecret);
    buttons->addStretch();
    body()->addSpacing(metrics::unit);
    body()->addLayout(buttons);
    m_hide->setSingleShot(true);
    m_hide->setInterval(30s);
    m_reveal->setCheckable(true);
    connect(m_hide, &QTimer::timeout, this, [this] { m_reveal->setChecked(false); });
    connect(m_reveal, &QPushButton::toggled, this, &ReceiverSection::showSecret);
    connect(m_copySecret, &QPushButton::clicked, this, [this] { copy(m_receiver.secret, tr("the secret")); });
    connect(m_copyUrl, &QPushButton::clicked, this, [this] { copy(m_receiver.url, m_receiver.url); });
    setReceiver({});
}

void ReceiverSection::setReceiver(const ReceiverView &receiver)
{
    m_receiver = receiver;
    const lifecycle::ReceiverStatistics &s = receiver.statistics;
    m_state->setText(receiver.isListening             ? receiver.url
                         : receiver.failure.isEmpty() ? tr("○ Not listening")
                                                      : tr("✕ Not listening: %1").arg(receiver.failure));
    QString accepted = formatCount(static_cast<std::int64_t>(s.accepted));
    if (s.duplicates > 0)
        accepted += tr(", %1 of them delivered again").arg(formatCount(static_cast<std::int64_t>(s.duplicates)));
    if (s.lastAcceptedUnixMs > 0)
        accepted += tr(" · last at %1").arg(formatClock(fromUnixMs(s.lastAcceptedUnixMs)));
    m_counts->setText(accepted);
    const QString reasons = refusalText(s);
    const QString refused = formatCount(static_cast<std::int64_t>(s.refused()));
    m_refused->setText(reasons.isEmpty() ? refused : tr("%1: %2").arg(refused, reasons));
    m_doctor->setText(receiver.lastRefusal.isEmpty() ? tr("nothing to complain of")
                                                     : tr("last refusal: %1").arg(receiver.lastRefusal));
    m_copyUrl->setEnabled(receiver.isListening);
    m_reveal->setEnabled(!receiver.secret.isEmpty());
    m_copySecret->setEnabled(!receiver.secret.isEmpty());
    showSecret(m_reveal->isChecked());
}

void ReceiverSection::showSecret(bool visible)
{
    const bool hasSecret = !m_receiver.secret.isEmpty();
    QString hidden = hasSecret ? QString(16, u'•') : QStringLiteral("—");
    if (hasSecret && !m_receiver.secretPlace.isEmpty())
        hidden += tr("   kept in %1").arg(m_receiver.secretPlace);
    m_secret->setText(visible && hasSecret ? m_receiver.secret : hidden);
    m_reveal->setText(visible ? tr("Hide") : tr("Reveal"));
    if (visible && !m_hide->isActive())
        m_hide->start();
    else if (!visible)
        m_hide->stop();
}

} // namespace sandglass::ui
