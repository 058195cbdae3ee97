#include "ui/webhooks/tunnelpanel.h"

#include "models/webhooks/tunnelsession.h"
#include "services/core/qtstring.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/webhooktext.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"

#include <QClipboard>
#include <QComboBox>
#include <QFormLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace sandglass::ui {

using Kind = lifecycle::TunnelOptions::Kind;
using models::TunnelSession;

TunnelPanel::TunnelPanel(TunnelSession &tunnel, QWidget *parent)
    : QWidget(parent)
    , m_tunnel(tunnel)
    , m_kind(new QComboBox)
    , m_target(new QLineEdit)
    , m_remotePort(new QSpinBox)
    , m_publicUrl(new QLineEdit)
    , m_missing(makeLabel({}, "error"))
    , m_state(makeLabel({}, "muted"))
    , m_registration(makeMuted({}))
    , m_button(makePrimaryButton(tr("Open the tunnel"), QStringLiteral("tunnelButton")))
    , m_copy(makeButton(tr("Copy URL"), QStringLiteral("copyTunnelUrl")))
{
    describeFields();
    layOut();
    connect(m_kind, &QComboBox::currentIndexChanged, this, &TunnelPanel::update);
    connect(m_button, &QPushButton::clicked, this, &TunnelPanel::startOrStop);
    connect(m_copy, &QPushButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(m_tunnel.publicUrl());
        Q_EMIT toast(tr("Copied %1").arg(m_tunnel.publicUrl()));
    });
    connect(&m_tunnel, &TunnelSession::changed, this, &TunnelPanel::update);
    update();
}

void TunnelPanel::describeFields()
{
    m_kind->setObjectName(QStringLiteral("tunnelKind"));
    m_kind->setAccessibleName(tr("Tunnel through"));
    m_kind->addItem(tr("cloudflared, without an account"), static_cast<int>(Kind::Cloudflared));
    m_kind->addItem(tr("ssh to a tunnel service"), static_cast<int>(Kind::SshService));
    m_kind->addItem(tr("ssh to a server of mine"), static_cast<int>(Kind::SshServer));
    m_target->setObjectName(QStringLiteral("tunnelTarget"));
    m_target->setPlaceholderText(QStringLiteral("nokey@localhost.run"));
    m_target->setAccessibleName(tr("ssh server"));
    m_remotePort->setRange(1, 65'535);
    m_remotePort->setValue(80);
    m_remotePort->setObjectName(QStringLiteral("tunnelPort"));
    m_remotePort->setAccessibleName(tr("Port there"));
    m_publicUrl->setObjectName(QStringLiteral("tunnelPublicUrl"));
    m_publicUrl->setPlaceholderText(QStringLiteral("https://hooks.example.org"));
    m_publicUrl->setAccessibleName(tr("Public URL"));
    m_missing->setObjectName(QStringLiteral("tunnelMissing"));
    m_state->setObjectName(QStringLiteral("tunnelState"));
    m_registration->setObjectName(QStringLiteral("tunnelRegistration"));
    for (QLabel *label : {m_missing, m_state, m_registration}) {
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
}

void TunnelPanel::layOut()
{
    auto *card = new Card(tr("Tunnel"));
    QLabel *sentence =
        makeMuted(tr("E2B's cloud cannot reach a machine behind NAT. A tunnel gives the receiver a public "
                     "URL while it is open. Whoever knows the URL reaches the receiver, which takes "
                     "nothing without the right signature."));
    sentence->setWordWrap(true);
    m_form = new QFormLayout;
    m_form->setHorizontalSpacing(metrics::cardGap);
    m_form->setVerticalSpacing(metrics::gap);
    m_form->addRow(makeMuted(tr("Through")), m_kind);
    m_form->addRow(makeMuted(tr("ssh server")), m_target);
    m_form->addRow(makeMuted(tr("Port there")), m_remotePort);
    m_form->addRow(makeMuted(tr("Public URL")), m_publicUrl);
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_button);
    buttons->addWidget(m_copy);
    buttons->addStretch(1);
    card->body()->addWidget(sentence);
    card->body()->addLayout(m_form);
    card->body()->addWidget(m_missing);
    card->body()->addLayout(buttons);
    card->body()->addWidget(m_state);
    card->body()->addWidget(m_registration);
    card->body()->addStretch(1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(card);
}

void TunnelPanel::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    update(); // somebody may have installed the program since
}

void TunnelPanel::startOrStop()
{
    using State = TunnelSession::State;
    if (m_tunnel.state() == State::Starting || m_tunnel.state() == State::Open)
        return m_tunnel.stop();
    lifecycle::TunnelOptions options;
    options.kind = static_cast<Kind>(m_kind->currentData().toInt());
    options.sshTarget = toUtf8(m_target->text().trimmed());
    options.remotePort = static_cast<std::uint16_t>(m_remotePort->value());
    options.publicUrl = toUtf8(m_publicUrl->text().trimmed());
    m_tunnel.start(options);
}

void TunnelPanel::update()
{
    using State = TunnelSession::State;
    const auto kind = static_cast<Kind>(m_kind->currentData().toInt());
    const State state = m_tunnel.state();
    const bool isRunning = state == State::Starting || state == State::Open;
    const auto showRow = [this](QWidget *field, bool isVisible) {
        field->setVisible(isVisible);
        m_form->labelForField(field)->setVisible(isVisible);
    };
    showRow(m_target, kind != Kind::Cloudflared);
    showRow(m_remotePort, kind != Kind::Cloudflared);
    showRow(m_publicUrl, kind == Kind::SshServer);
    for (QWidget *field : std::initializer_list<QWidget *>{m_kind, m_target, m_remotePort, m_publicUrl})
        field->setEnabled(!isRunning);
    QString missing;
    if (!m_tunnel.hasReceiver())
        missing = tr("There is nothing to reach: a tunnel needs the receiver on 127.0.0.1 without TLS.");
    else if (const auto program = lifecycle::Tunnel::findProgram(kind); !program)
        missing = toQString(program.error().message);
    m_missing->setText(missing);
    m_missing->setVisible(!missing.isEmpty() && !isRunning);
    m_button->setText(isRunning ? tr("Close the tunnel") : tr("Open the tunnel"));
    m_button->setEnabled(isRunning || missing.isEmpty());
    m_copy->setVisible(state == State::Open);
    m_state->setText(stateSentence());
    setLook(m_state, "role",
            state == State::Open        ? QStringLiteral("good")
                : state == State::Ended ? QStringLiteral("error")
                                        : QStringLiteral("muted"));
    m_registration->setText(registrationSentence());
}

QString TunnelPanel::stateSentence() const
{
    switch (m_tunnel.state()) {
    case TunnelSession::State::Idle:
        return tr("○ No tunnel is open.");
    case TunnelSession::State::Starting:
        return tr("◌ Waiting for the public URL…");
    case TunnelSession::State::Open:
        return tr("● Open: %1").arg(m_tunnel.publicUrl());
    case TunnelSession::State::Ended:
        return tr("✕ It ended: %1").arg(toQString(m_tunnel.error().message));
    }
    return {};
}

QString TunnelPanel::registrationSentence() const
{
    const QString name = m_tunnel.connectionName();
    switch (m_tunnel.registration()) {
    case TunnelSession::Registration::None:
        return name.isEmpty() ? tr("No cloud connection with a key is in use, so nothing is registered. The local "
                                   "engine delivers here by itself.")
                              : tr("While it is open %1 has a webhook that leads through it.").arg(name);
    case TunnelSession::Registration::Pending:
        return tr("Registering it at %1…").arg(name);
    case TunnelSession::Registration::Done:
        return tr("%1 delivers through it; the webhook goes when the tunnel closes.").arg(name);
    case TunnelSession::Registration::Failed:
        return tr("%1 did not take the webhook: %2").arg(name, webhookErrorText(m_tunnel.registrationError()));
    }
    return {};
}

} // namespace sandglass::ui
