#include "ui/webhooks/testdialog.h"

#include "services/core/qtstring.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/webhooktext.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/labels.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::WebhookListModel;

TestDialog::TestDialog(WebhookListModel &webhooks, const e2b::WebhookInfo &webhook, const QString &secret,
                       QWidget *parent)
    : QDialog(parent)
    , m_webhooks(webhooks)
    , m_id(toQString(webhook.id))
    , m_url(toQString(webhook.url))
    , m_secret(new QLineEdit(secret, this))
    , m_answer(makeLabel({}, "muted", this))
    , m_send(makePrimaryButton(tr("Send test"), QStringLiteral("sendTest"), this))
{
    setObjectName(QStringLiteral("testDialog"));
    setWindowTitle(tr("Send test"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::cardGap);
    layout->setSpacing(metrics::cardGap);
    QLabel *sentence = makeMuted(tr("Sent by this machine, signed as E2B signs, of the type sandglass.test: it changes "
                                    "no state anywhere. E2B's cloud may reach other places than this machine does."));
    sentence->setWordWrap(true);
    m_secret->setObjectName(QStringLiteral("testSecret"));
    m_secret->setAccessibleName(tr("Secret"));
    m_secret->setEchoMode(QLineEdit::Password);
    m_secret->setPlaceholderText(tr("the secret it signs with, which no API tells"));
    m_answer->setObjectName(QStringLiteral("testAnswer"));
    m_answer->setWordWrap(true);
    m_answer->setMinimumHeight(56);
    m_answer->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(metrics::cardGap);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    auto *url = new ElidedLabel(m_url);
    url->setFont(Theme::monoFont());
    form->addRow(makeMuted(tr("URL")), url);
    form->addRow(makeMuted(tr("Secret")), m_secret);
    QPushButton *close = makeButton(tr("Close"), QStringLiteral("closeTest"));
    auto *buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(close);
    buttons->addWidget(m_send);
    layout->addWidget(sentence);
    layout->addLayout(form);
    layout->addWidget(m_answer, 1);
    layout->addLayout(buttons);
    resize(560, 300);
    m_send->setDefault(true);
    connect(m_send, &QPushButton::clicked, this, &TestDialog::send);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    connect(m_secret, &QLineEdit::textChanged, this, &TestDialog::check);
    connect(&m_webhooks, &WebhookListModel::tested, this,
            [this](const QString &id, const Result<e2b::TestDeliveryReport> &report) {
                if (id == m_id && m_isSending)
                    show(report);
            });
    check();
}

void TestDialog::check()
{
    const bool isLongEnough = m_secret->text().toUtf8().size() >= static_cast<qsizetype>(e2b::leastSecretLength);
    m_send->setEnabled(isLongEnough && !m_isSending);
    m_send->setToolTip(isLongEnough ? QString() : tr("The secret needs %1 characters").arg(e2b::leastSecretLength));
}

void TestDialog::send()
{
    m_isSending = true;
    setLook(m_answer, "role", QStringLiteral("muted"));
    m_answer->setText(tr("Sending…"));
    check();
    m_webhooks.sendTest(m_id, m_url, m_secret->text());
}

void TestDialog::show(const Result<e2b::TestDeliveryReport> &report)
{
    m_isSending = false;
    check();
    const bool isGood = report && report->finding == e2b::TestDeliveryReport::Finding::Accepted;
    setLook(m_answer, "role", isGood ? QStringLiteral("good") : QStringLiteral("error"));
    m_answer->setText(report ? testReportText(*report) : webhookErrorText(report.error()));
}

} // namespace sandglass::ui
