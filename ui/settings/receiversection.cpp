#include "ui/settings/receiversection.h"

#include "models/settings/settings.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/filedialogs.h"
#include "ui/widgets/secretline.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace sandglass::ui {

using Key = models::Settings::Key;

namespace {

QHBoxLayout *row(std::initializer_list<QWidget *> widgets)
{
    auto *layout = new QHBoxLayout;
    layout->setSpacing(metrics::gap);
    for (QWidget *widget : widgets)
        layout->addWidget(widget, widget == *widgets.begin() ? 1 : 0);
    return layout;
}

} // namespace

ReceiverSection::ReceiverSection(models::Settings &settings, QWidget *parent)
    : Section(tr("Webhook receiver"),
              tr("Takes signed lifecycle events and writes each to the journal before it answers."), parent)
    , m_settings(settings)
{
    buildState();
    body()->addSpacing(metrics::gap);
    buildBinding();
    load();
    setReceiver({});
}

void ReceiverSection::buildState()
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
    m_secret = new SecretLine(tr("the secret"), QStringLiteral("receiverSecret"), this);
    form->addRow(makeText("muted", tr("Secret")), m_secret);
    m_copyUrl = makeButton(tr("Copy address"), QStringLiteral("copyReceiverAddress"), this);
    body()->addWidget(m_copyUrl, 0, Qt::AlignLeft);
    connect(m_secret, &SecretLine::toast, this, &Section::toast);
    connect(m_copyUrl, &QPushButton::clicked, this, [this] { copy(m_receiver.url, m_receiver.url); });
}

void ReceiverSection::buildBinding()
{
    QFormLayout *form = addForm();
    m_address = new QLineEdit(this);
    m_address->setObjectName(QStringLiteral("listenAddress"));
    m_address->setAccessibleName(tr("Listen on"));
    m_address->setPlaceholderText(models::Settings::defaultOf(Key::ReceiverAddress).toString());
    m_port = new QSpinBox(this);
    m_port->setObjectName(QStringLiteral("listenPort"));
    m_port->setAccessibleName(tr("Port"));
    m_port->setRange(0, 65'535);
    m_port->setSpecialValueText(tr("any port"));
    m_port->setPrefix(tr("port "));
    form->addRow(makeText("muted", tr("Listen on")), row({m_address, m_port}));
    const auto addFile = [&](const QString &name, const char *objectName) {
        auto *edit = new QLineEdit(this);
        edit->setObjectName(QString::fromLatin1(objectName));
        edit->setAccessibleName(name);
        edit->setPlaceholderText(tr("PEM file; empty: no TLS"));
        auto *choose = makeButton(tr("Choose…"), QString::fromLatin1(objectName) + QStringLiteral("Choose"), this);
        choose->setAccessibleName(tr("Choose %1").arg(name));
        connect(choose, &QPushButton::clicked, this, [this, edit, name] {
            askWhatToOpen(this, name, edit->text(), tr("PEM files (*.pem *.crt *.key);;All files (*)"),
                          [edit](const QString &file) { edit->setText(file); });
        });
        connect(edit, &QLineEdit::textChanged, this, &ReceiverSection::checkDifference);
        form->addRow(makeText("muted", name), row({edit, choose}));
        return edit;
    };
    m_certificate = addFile(tr("Certificate"), "tlsCertificate");
    m_key = addFile(tr("Its key"), "tlsKey");
    m_plainText = new QCheckBox(tr("Allow other machines without TLS (everybody on the way can read along)"), this);
    m_plainText->setObjectName(QStringLiteral("allowPlainText"));
    form->addRow(QString(), m_plainText);
    m_token = new SecretLine(tr("the token"), QStringLiteral("receiverToken"), this);
    m_newToken = makeButton(tr("New token"), QStringLiteral("newToken"), this);
    m_noToken = makeButton(tr("None"), QStringLiteral("noToken"), this);
    m_token->setToolTip(tr("Demanded of every GET as “Authorization: Bearer …”"));
    m_noToken->setAccessibleName(tr("No token"));
    form->addRow(makeText("muted", tr("Token for GET")), row({m_token, m_newToken, m_noToken}));
    m_apply = makePrimaryButton(tr("Apply and listen anew"), QStringLiteral("applyReceiver"), this);
    body()->addWidget(m_apply, 0, Qt::AlignLeft);
    connect(m_address, &QLineEdit::textChanged, this, &ReceiverSection::checkDifference);
    connect(m_port, &QSpinBox::valueChanged, this, &ReceiverSection::checkDifference);
    connect(m_plainText, &QCheckBox::toggled, this, &ReceiverSection::checkDifference);
    connect(m_apply, &QPushButton::clicked, this, &ReceiverSection::apply);
    connect(m_newToken, &QPushButton::clicked, this, [this] { Q_EMIT tokenRequested(true); });
    connect(m_noToken, &QPushButton::clicked, this, [this] { Q_EMIT tokenRequested(false); });
    connect(m_token, &SecretLine::toast, this, &Section::toast);
}

void ReceiverSection::load()
{
    m_address->setText(m_settings.text(Key::ReceiverAddress));
    m_port->setValue(m_settings.number(Key::ReceiverPort));
    m_certificate->setText(m_settings.text(Key::ReceiverCertificate));
    m_key->setText(m_settings.text(Key::ReceiverKey));
    m_plainText->setChecked(m_settings.number(Key::ReceiverPlainText) != 0);
    checkDifference();
}

void ReceiverSection::apply()
{
    const QString address = m_address->text().trimmed();
    m_settings.set(Key::ReceiverAddress,
                   address.isEmpty() ? models::Settings::defaultOf(Key::ReceiverAddress) : QVariant(address));
    m_settings.set(Key::ReceiverPort, m_port->value());
    m_settings.set(Key::ReceiverCertificate, m_certificate->text().trimmed());
    m_settings.set(Key::ReceiverKey, m_key->text().trimmed());
    m_settings.set(Key::ReceiverPlainText, m_plainText->isChecked() ? 1 : 0);
    load();
    Q_EMIT restartRequested();
}

void ReceiverSection::checkDifference()
{
    if (m_apply == nullptr)
        return;
    const bool isSame = m_address->text() == m_settings.text(Key::ReceiverAddress)
        && m_port->value() == m_settings.number(Key::ReceiverPort)
        && m_certificate->text() == m_settings.text(Key::ReceiverCertificate)
        && m_key->text() == m_settings.text(Key::ReceiverKey)
        && m_plainText->isChecked() == (m_settings.number(Key::ReceiverPlainText) != 0);
    m_apply->setEnabled(!isSame || !m_receiver.failure.isEmpty()); // a port may be free by now
}

void ReceiverSection::setReceiver(const ReceiverView &receiver)
{
    m_receiver = receiver;
    m_state->setText(receiver.isListening ? receiver.url : stateText(receiver));
    m_counts->setText(acceptedText(receiver.statistics));
    const QString reasons = refusalText(receiver.statistics);
    const QString refused = formatCount(static_cast<std::int64_t>(receiver.statistics.refused()));
    m_refused->setText(reasons.isEmpty() ? refused : tr("%1: %2").arg(refused, reasons));
    m_doctor->setText(receiver.lastRefusal.isEmpty() ? tr("nothing to complain of")
                                                     : tr("last refusal: %1").arg(receiver.lastRefusal));
    m_copyUrl->setEnabled(receiver.isListening);
    m_secret->setSecret(receiver.secret, receiver.secretPlace, QStringLiteral("—"));
    m_token->setSecret(receiver.token, {}, tr("none: GET is answered to this machine only"));
    m_noToken->setEnabled(!receiver.token.isEmpty());
    checkDifference();
}

} // namespace sandglass::ui
