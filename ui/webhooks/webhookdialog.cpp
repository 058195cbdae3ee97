#include "ui/webhooks/webhookdialog.h"

#include "services/core/qtstring.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/eventchoice.h"
#include "ui/webhooks/signingsecretfield.h"
#include "ui/webhooks/webhooktext.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/secretline.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::WebhookListModel;
using Verb = WebhookListModel::Verb;

namespace {

std::vector<EventChoice::Type> eventTypes()
{
    std::vector<EventChoice::Type> types;
    for (const char *type : models::webhookEventTypes)
        types.push_back({type, models::shortEventType(type)});
    return types;
}

} // namespace

WebhookDialog::WebhookDialog(WebhookListModel &webhooks, QWidget *parent)
    : QDialog(parent)
    , m_webhooks(webhooks)
    , m_name(new QLineEdit(this))
    , m_url(new QLineEdit(this))
    , m_reach(makeLabel({}, "muted", this))
    , m_tunnel(makeQuietButton(tr("Open the tunnel page"), QStringLiteral("webhookTunnel"), this))
    , m_events(new EventChoice(eventTypes(), 3, QStringLiteral("event-"), this))
    , m_secret(new SigningSecretField(QStringLiteral("webhookSecretEdit"), QStringLiteral("generateSecret"), this))
    , m_enabled(new QCheckBox(tr("Deliver events at once"), this))
    , m_problem(makeLabel({}, "error", this))
    , m_progress(new QProgressBar(this))
    , m_save(makePrimaryButton(tr("Register"), QStringLiteral("saveWebhook"), this))
    , m_cancel(makeButton(tr("Cancel"), QStringLiteral("cancelWebhook"), this))
{
    setObjectName(QStringLiteral("webhookDialog"));
    setWindowTitle(tr("New webhook"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::cardGap);
    layout->setSpacing(metrics::gap);
    layout->addLayout(buildForm());
    m_problem->setObjectName(QStringLiteral("webhookDialogProblem"));
    m_problem->setWordWrap(true);
    layout->addWidget(m_problem);
    m_progress->setRange(0, 0);
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(4);
    m_progress->hide();
    layout->addStretch(1);
    layout->addWidget(m_progress);
    layout->addLayout(buildButtons());
    resize(580, 420);
    connect(&m_webhooks, &WebhookListModel::done, this, &WebhookDialog::onDone);
    check();
}

QLayout *WebhookDialog::buildForm()
{
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(metrics::cardGap);
    form->setVerticalSpacing(metrics::gap);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    m_name->setObjectName(QStringLiteral("webhookName"));
    m_name->setAccessibleName(tr("Name"));
    m_name->setMaxLength(100);
    m_url->setObjectName(QStringLiteral("webhookUrl"));
    m_url->setAccessibleName(tr("URL"));
    m_url->setPlaceholderText(QStringLiteral("https://example.org/webhooks/e2b"));
    m_reach->setObjectName(QStringLiteral("webhookReach"));
    m_reach->setWordWrap(true);
    m_reach->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred); // else it wraps at its first guess
    m_enabled->setChecked(true);
    m_enabled->setObjectName(QStringLiteral("webhookEnabled"));
    auto *reach = new QHBoxLayout;
    reach->addWidget(m_reach, 1);
    reach->addWidget(m_tunnel);
    form->addRow(makeMuted(tr("Name")), m_name);
    form->addRow(makeMuted(tr("URL")), m_url);
    form->addRow(QString(), reach);
    form->addRow(makeMuted(tr("Events")), m_events);
    form->addRow(makeMuted(tr("Secret")), m_secret);
    form->addRow(QString(), m_enabled);
    for (const QLineEdit *edit : {m_name, m_url})
        connect(edit, &QLineEdit::textChanged, this, &WebhookDialog::check);
    connect(m_events, &EventChoice::changed, this, &WebhookDialog::check);
    connect(m_secret, &SigningSecretField::changed, this, &WebhookDialog::check);
    connect(m_tunnel, &QPushButton::clicked, this, [this] {
        Q_EMIT tunnelRequested();
        reject();
    });
    return form;
}

QLayout *WebhookDialog::buildButtons()
{
    auto *buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(m_cancel);
    buttons->addWidget(m_save);
    m_save->setDefault(true);
    connect(m_save, &QPushButton::clicked, this, &WebhookDialog::submit);
    connect(m_cancel, &QPushButton::clicked, this, &QDialog::reject);
    return buttons;
}

void WebhookDialog::setReceiver(const QString &url, const QString &secret)
{
    m_receiverUrl = url;
    m_receiverSecret = secret;
    if (isNew()) {
        m_name->setText(tr("My receiver"));
        m_url->setText(url);
        m_secret->setSecret(secret);
    }
    check();
}

void WebhookDialog::edit(const e2b::WebhookInfo &info)
{
    m_id = toQString(info.id);
    setWindowTitle(tr("Edit webhook"));
    m_save->setText(tr("Save"));
    m_name->setText(toQString(info.name));
    m_url->setText(toQString(info.url));
    m_secret->setSecret({});
    m_enabled->setChecked(info.enabled);
    m_events->setChosen(info.events);
    m_otherEvents = info.events;
    std::erase_if(m_otherEvents, [this](const std::string &type) { return m_events->isOffered(type); });
    check();
}

std::vector<std::string> WebhookDialog::chosenEvents() const
{
    std::vector<std::string> events = m_events->chosen();
    events.insert(events.end(), m_otherEvents.begin(), m_otherEvents.end());
    return events;
}

QString WebhookDialog::problem() const
{
    if (m_name->text().trimmed().isEmpty())
        return tr("It needs a name.");
    if (e2b::reachOf(toUtf8(m_url->text().trimmed())) == e2b::Reach::Invalid)
        return tr("The URL has to begin with http:// or https:// and a host.");
    if (chosenEvents().empty())
        return tr("Choose at least one event.");
    return m_secret->problem(!isNew());
}

void WebhookDialog::check()
{
    const QString url = m_url->text().trimmed();
    const QString reach = reachText(url, m_webhooks.connection().kind == e2b::Connection::Kind::Cloud);
    m_reach->setText(reach);
    m_reach->setVisible(!reach.isEmpty());
    m_tunnel->setVisible(!reach.isEmpty());
    const bool isOwnSecret = !m_receiverSecret.isEmpty() && m_secret->text() == m_receiverSecret;
    m_secret->setHint(isOwnSecret ? tr("The secret of this program's receiver.")
                          : !isNew() && m_secret->text().isEmpty()
                          ? tr("Empty: it keeps the one it has.")
                          : tr("Give it to the receiver as well: no API tells it again."));
    const QString wrong = problem();
    m_problem->setText(wrong);
    m_problem->setVisible(!wrong.isEmpty());
    m_save->setEnabled(wrong.isEmpty() && !m_isBusy);
}

void WebhookDialog::submit()
{
    if (!problem().isEmpty() || m_isBusy)
        return;
    setBusy(true);
    const std::string name = toUtf8(m_name->text().trimmed());
    const std::string url = toUtf8(m_url->text().trimmed());
    const std::string secret = m_secret->secret();
    if (isNew())
        return m_webhooks.create({name, url, chosenEvents(), m_enabled->isChecked(), secret});
    e2b::WebhookEdit edit;
    edit.name = name;
    edit.url = url;
    edit.events = chosenEvents();
    edit.enabled = m_enabled->isChecked();
    if (!secret.empty())
        edit.signatureSecret = secret;
    m_webhooks.edit(m_id, edit);
}

void WebhookDialog::onDone(Verb verb, const QString &id, const Result<> &outcome)
{
    const bool isMine = isNew() ? verb == Verb::Create : verb == Verb::Edit && id == m_id;
    if (!m_isBusy || !isMine)
        return;
    setBusy(false);
    if (outcome)
        return accept();
    m_problem->setText(webhookErrorText(outcome.error()));
    m_problem->show();
}

void WebhookDialog::setBusy(bool isBusy)
{
    m_isBusy = isBusy;
    m_progress->setVisible(isBusy);
    check();
}

SecretDialog::SecretDialog(const QString &webhookName, const QString &secret, QWidget *parent) : QDialog(parent)
{
    setObjectName(QStringLiteral("secretDialog"));
    setWindowTitle(tr("New secret"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::cardGap);
    layout->setSpacing(metrics::gap);
    QLabel *sentence = makeLabel(tr("%1 signs with a new secret from now on. Give it to its receiver now: it cannot be "
                                    "shown again once this program has ended.")
                                     .arg(webhookName),
                                 "");
    sentence->setWordWrap(true);
    auto *line = new SecretLine(tr("the secret"), QStringLiteral("newSecret"));
    line->setSecret(secret, {}, {});
    QPushButton *close = makePrimaryButton(tr("Close"), QStringLiteral("closeSecret"));
    layout->addWidget(sentence);
    layout->addWidget(line);
    layout->addStretch(1);
    layout->addWidget(close, 0, Qt::AlignRight);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    resize(560, 170);
}

} // namespace sandglass::ui
