#include "ui/webhooks/callbackdialog.h"

#include "services/core/ids.h"
#include "services/core/qtstring.h"
#include "services/e2b/webhooktypes.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace sandglass::ui {

namespace {

constexpr auto leastSecret = static_cast<qsizetype>(e2b::leastSecretLength);

} // namespace

CallbackDialog::CallbackDialog(models::CallbackListModel &callbacks, QWidget *parent)
    : QDialog(parent)
    , m_callbacks(callbacks)
    , m_url(new QLineEdit)
    , m_template(new QLineEdit)
    , m_secret(new QLineEdit)
    , m_secretHint(makeMuted({}))
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
    m_secret->setText(toQString(newWebhookSecret()));
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
    m_secret->setObjectName(QStringLiteral("callbackSecret"));
    m_secret->setAccessibleName(tr("Secret"));
    m_secret->setFont(Theme::monoFont());
    m_secretHint->setWordWrap(true);
    m_secretHint->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred); // else it wraps at its first guess
    QPushButton *generate = makeButton(tr("Generate"), QStringLiteral("generateCallbackSecret"));
    auto *secret = new QHBoxLayout;
    secret->setSpacing(metrics::gap);
    secret->addWidget(m_secret, 1);
    secret->addWidget(generate);
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(metrics::cardGap);
    form->setVerticalSpacing(metrics::gap);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    form->addRow(makeMuted(tr("URL")), m_url);
    form->addRow(makeMuted(tr("Events")), buildEvents());
    form->addRow(makeMuted(tr("Template")), m_template);
    form->addRow(makeMuted(tr("Secret")), secret);
    form->addRow(QString(), m_secretHint);
    for (const QLineEdit *field : {m_url, m_template, m_secret})
        connect(field, &QLineEdit::textChanged, this, &CallbackDialog::check);
    connect(generate, &QPushButton::clicked, this, [this] { m_secret->setText(toQString(newWebhookSecret())); });
    return form;
}

QWidget *CallbackDialog::buildEvents()
{
    auto *box = new QWidget;
    auto *grid = new QGridLayout(box);
    grid->setContentsMargins(0, 0, 0, 0);
    constexpr int columns = 2;
    int place = 0;
    for (const char *type : models::callbackEventTypes) {
        const QString name = QString::fromLatin1(type);
        auto *event = new QCheckBox(name);
        event->setObjectName(u"callback-" + name);
        event->setChecked(true);
        grid->addWidget(event, place / columns, place % columns);
        ++place;
        m_types.push_back(event);
        connect(event, &QCheckBox::toggled, this, &CallbackDialog::check);
    }
    return box;
}

void CallbackDialog::edit(const models::Callback &callback)
{
    m_callback = callback;
    setWindowTitle(tr("Edit callback"));
    m_save->setText(tr("Save"));
    m_url->setText(toQString(callback.url));
    m_template->setText(toQString(callback.filter.templateName));
    m_secret->clear();
    const auto &types = callback.filter.types;
    for (std::size_t i = 0; i < m_types.size(); ++i)
        m_types[i]->setChecked(types.empty() || std::ranges::find(types, models::callbackEventTypes[i]) != types.end());
    check();
}

std::vector<std::string> CallbackDialog::chosenTypes() const
{
    std::vector<std::string> types;
    for (std::size_t i = 0; i < m_types.size(); ++i) {
        if (m_types[i]->isChecked())
            types.emplace_back(models::callbackEventTypes[i]);
    }
    return types.size() == m_types.size() ? std::vector<std::string>() : types;
}

QString CallbackDialog::problem() const
{
    if (e2b::reachOf(toUtf8(m_url->text().trimmed())) == e2b::Reach::Invalid)
        return tr("The URL has to begin with http:// or https:// and a host.");
    if (std::ranges::none_of(m_types, &QCheckBox::isChecked))
        return tr("Choose at least one event.");
    const qsizetype length = m_secret->text().toUtf8().size();
    if (length < leastSecret && (m_callback.id.empty() || length > 0))
        return tr("The secret has %1 characters; it needs %2.").arg(length).arg(leastSecret);
    return {};
}

void CallbackDialog::check()
{
    m_secretHint->setText(!m_callback.id.empty() && m_secret->text().isEmpty()
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
    callback.filter.types = chosenTypes();
    callback.filter.templateName = toUtf8(m_template->text().trimmed());
    const std::string secret = toUtf8(m_secret->text());
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
