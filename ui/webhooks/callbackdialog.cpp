#include "ui/webhooks/callbackdialog.h"

#include "services/core/qtstring.h"
#include "services/e2b/webhooktypes.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/eventchoice.h"
#include "ui/webhooks/signingsecretfield.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

std::vector<EventChoice::Type> eventTypes()
{
    std::vector<EventChoice::Type> types;
    for (const char *type : models::callbackEventTypes)
        types.push_back({type, QString::fromLatin1(type)});
    return types;
}

} // namespace

CallbackDialog::CallbackDialog(models::CallbackListModel &callbacks, QWidget *parent)
    : QDialog(parent)
    , m_callbacks(callbacks)
    , m_url(new QLineEdit)
    , m_types(new EventChoice(eventTypes(), 2, QStringLiteral("callback-")))
    , m_template(new QLineEdit)
    , m_secret(new SigningSecretField(QStringLiteral("callbackSecret"), QStringLiteral("generateCallbackSecret")))
    , m_problem(makeLabel({}, "error"))
    , m_save(makePrimaryButton(tr("Add callback"), QStringLiteral("saveCallback")))
{
    setObjectName(QStringLiteral("callbackDialog"));
    setWindowTitle(tr("New callback"));
    QLabel *sentence = makeMuted(tr(
        "This program sends each event that it records to the URL, signed and shaped as E2B sends webhooks, while it "
        "runs. Events of a time when it did not run are not sent later."));
    sentence->setWordWrap(true);
    m_problem->setObjectName(QStringLiteral("callbackProblem"));
    m_problem->setWordWrap(true);
    QPushButton *cancel = makeButton(tr("Cancel"), QStringLiteral("cancelCallback"));
    auto *buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(cancel);
    buttons->addWidget(m_save);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::cardGap);
    layout->setSpacing(metrics::cardGap);
    layout->addWidget(sentence);
    layout->addLayout(buildForm());
    layout->addWidget(m_problem);
    layout->addStretch(1);
    layout->addLayout(buttons);
    resize(580, 420);
    m_save->setDefault(true);
    m_secret->generate();
    connect(m_save, &QPushButton::clicked, this, &CallbackDialog::submit);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    check();
}

QLayout *CallbackDialog::buildForm()
{
    m_url->setObjectName(QStringLiteral("callbackUrl"));
    m_url->setAccessibleName(tr("URL"));
    m_url->setPlaceholderText(QStringLiteral("http://127.0.0.1:9000/events"));
    m_template->setObjectName(QStringLiteral("callbackTemplate"));
    m_template->setAccessibleName(tr("Template"));
    m_template->setMaxLength(256);
    m_template->setPlaceholderText(tr("any; an id or a name, * stands for anything: tta-ml-*"));
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(metrics::cardGap);
    form->setVerticalSpacing(metrics::gap);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    form->addRow(makeMuted(tr("URL")), m_url);
    form->addRow(makeMuted(tr("Events")), m_types);
    form->addRow(makeMuted(tr("Template")), m_template);
    form->addRow(makeMuted(tr("Secret")), m_secret);
    for (const QLineEdit *field : {m_url, m_template})
        connect(field, &QLineEdit::textChanged, this, &CallbackDialog::check);
    connect(m_types, &EventChoice::changed, this, &CallbackDialog::check);
    connect(m_secret, &SigningSecretField::changed, this, &CallbackDialog::check);
    return form;
}

void CallbackDialog::edit(const models::Callback &callback)
{
    m_callback = callback;
    setWindowTitle(tr("Edit callback"));
    m_save->setText(tr("Save"));
    m_url->setText(toQString(callback.url));
    m_template->setText(toQString(callback.filter.templateName));
    m_secret->setSecret({});
    if (const auto &types = callback.filter.types; !types.empty()) // none: all
        m_types->setChosen(types);
    check();
}

QString CallbackDialog::problem() const
{
    if (e2b::reachOf(toUtf8(m_url->text().trimmed())) == e2b::Reach::Invalid)
        return tr("The URL has to begin with http:// or https:// and a host.");
    if (m_types->chosen().empty())
        return tr("Choose at least one event.");
    return m_secret->problem(!m_callback.id.empty());
}

void CallbackDialog::check()
{
    m_secret->setHint(!m_callback.id.empty() && m_secret->text().isEmpty()
                          ? tr("Empty: it keeps the one it has.")
                          : tr("Give it to the receiver as well. It is kept in the key store."));
    const QString wrong = problem();
    m_problem->setText(wrong);
    m_problem->setVisible(!wrong.isEmpty() && !m_url->text().isEmpty());
    m_save->setEnabled(wrong.isEmpty());
}

void CallbackDialog::submit()
{
    if (!problem().isEmpty())
        return;
    models::Callback callback = m_callback;
    callback.url = toUtf8(m_url->text().trimmed());
    callback.filter.types = m_types->isAllChosen() ? std::vector<std::string>() : m_types->chosen();
    callback.filter.templateName = toUtf8(m_template->text().trimmed());
    const std::string secret = m_secret->secret();
    Result<> done;
    if (!callback.id.empty())
        done = m_callbacks.edit(callback, secret);
    else if (const auto added = m_callbacks.add(callback, secret); !added)
        done = failure(added.error());
    if (done)
        return accept();
    m_problem->setText(tr("It was not kept: %1").arg(toQString(done.error().message)));
    m_problem->show();
}

} // namespace sandglass::ui
