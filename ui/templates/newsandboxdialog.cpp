#include "ui/templates/newsandboxdialog.h"

#include "models/templates/newsandboxsession.h"
#include "models/templates/templatelistmodel.h"
#include "services/core/qtstring.h"
#include "ui/templates/pairtable.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QRadioButton>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::NewSandboxSession;
using models::TemplateListModel;

NewSandboxDialog::NewSandboxDialog(TemplateListModel &templates, NewSandboxSession &session, cost::RateCard card,
                                   QWidget *parent)
    : QDialog(parent), m_templates(templates), m_session(session), m_card(std::move(card)),
      m_template(new QComboBox(this)), m_timeout(new QSpinBox(this)), m_timeoutUnit(new QComboBox(this)),
      m_metadata(new PairTable(tr("key"), tr("value"), this)), m_variables(new PairTable(tr("NAME"), tr("value"), this)),
      m_kill(new QRadioButton(tr("Kill it"), this)), m_pause(new QRadioButton(tr("Pause it, keep its memory"), this)),
      m_internet(new QCheckBox(tr("Allow access to the internet"), this)), m_connection(new QLabel(this)),
      m_cost(new QLabel(this)), m_problem(new QLabel(this)), m_progress(new QProgressBar(this)),
      m_create(new QPushButton(tr("Create sandbox"), this)), m_cancel(new QPushButton(tr("Cancel"), this)),
      m_form(nullptr)
{
    setWindowTitle(tr("New sandbox"));
    setObjectName(QStringLiteral("newSandboxDialog"));
    auto *scroll = new QScrollArea(this);
    m_form = buildForm();
    scroll->setWidget(m_form);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_problem->setObjectName(QStringLiteral("problem"));
    m_problem->setProperty("role", QStringLiteral("error"));
    m_problem->setWordWrap(true);
    m_problem->hide();
    m_progress->setRange(0, 0);
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(4);
    m_progress->hide();
    m_create->setObjectName(QStringLiteral("createButton"));
    m_create->setProperty("kind", QStringLiteral("primary"));
    m_create->setDefault(true);
    m_cancel->setObjectName(QStringLiteral("cancelButton"));
    auto *buttons = new QHBoxLayout;
    buttons->setContentsMargins(metrics::pageMargin, 0, metrics::pageMargin, 0);
    buttons->addWidget(m_cost, 1);
    buttons->addWidget(m_cancel);
    buttons->addWidget(m_create);
    auto *problemRow = new QHBoxLayout;
    problemRow->setContentsMargins(metrics::pageMargin, 0, metrics::pageMargin, 0);
    problemRow->addWidget(m_problem);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, metrics::cardGap);
    layout->setSpacing(metrics::gap);
    layout->addWidget(scroll, 1);
    layout->addLayout(problemRow);
    layout->addWidget(m_progress);
    layout->addLayout(buttons);
    resize(560, 600);

    connect(m_create, &QPushButton::clicked, this, &NewSandboxDialog::submit);
    connect(m_cancel, &QPushButton::clicked, this, &NewSandboxDialog::reject);
    connect(m_template, &QComboBox::currentIndexChanged, this, &NewSandboxDialog::updateCost);
    connect(m_timeout, &QSpinBox::valueChanged, this, &NewSandboxDialog::updateCost);
    connect(m_timeoutUnit, &QComboBox::currentIndexChanged, this, &NewSandboxDialog::updateCost);
    connect(&m_templates, &TemplateListModel::stateChanged, this, &NewSandboxDialog::fillTemplates);
    connect(&m_session, &NewSandboxSession::stateChanged, this, &NewSandboxDialog::onStateChanged);
    fillTemplates();
    if (m_templates.state() == TemplateListModel::State::NotLoaded)
        m_templates.refresh();
}

QWidget *NewSandboxDialog::buildForm()
{
    auto *form = new QWidget(this);
    auto *layout = new QFormLayout(form);
    layout->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::gap);
    layout->setHorizontalSpacing(metrics::cardGap);
    layout->setVerticalSpacing(12);
    layout->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    layout->setLabelAlignment(Qt::AlignLeft | Qt::AlignTop);
    const auto label = [this](const QString &text) {
        auto *result = new QLabel(text, this);
        result->setProperty("role", QStringLiteral("muted"));
        result->setContentsMargins(0, 7, 0, 0);
        return result;
    };
    m_template->setObjectName(QStringLiteral("template"));
    m_template->setAccessibleName(tr("Template"));
    m_timeout->setObjectName(QStringLiteral("timeout"));
    m_timeout->setRange(1, 86'400);
    m_timeout->setValue(5);
    m_timeoutUnit->addItem(tr("seconds"), 1);
    m_timeoutUnit->addItem(tr("minutes"), 60);
    m_timeoutUnit->addItem(tr("hours"), 3600);
    m_timeoutUnit->setCurrentIndex(1);
    auto *timeout = new QHBoxLayout;
    timeout->addWidget(m_timeout);
    timeout->addWidget(m_timeoutUnit);
    timeout->addStretch();
    m_kill->setChecked(true);
    auto *end = new QVBoxLayout;
    end->setContentsMargins(0, 6, 0, 0);
    end->addWidget(m_kill);
    end->addWidget(m_pause);
    m_internet->setObjectName(QStringLiteral("internet"));
    m_internet->setToolTip(tr("Off: code in the sandbox reaches nothing outside it."));
    m_metadata->setObjectName(QStringLiteral("metadata"));
    m_variables->setObjectName(QStringLiteral("variables"));
    m_connection->setContentsMargins(0, 7, 0, 0);
    layout->addRow(label(tr("Connection")), m_connection);
    layout->addRow(label(tr("Template")), m_template);
    layout->addRow(label(tr("Timeout")), timeout);
    layout->addRow(label(tr("On timeout")), end);
    layout->addRow(label(tr("Network")), m_internet);
    layout->addRow(label(tr("Metadata")), m_metadata);
    layout->addRow(label(tr("Environment")), m_variables);
    return form;
}

void NewSandboxDialog::setConnectionName(const QString &name)
{
    m_connection->setText(name);
}

void NewSandboxDialog::setTimeoutSeconds(int seconds)
{
    const int unit = seconds % 3600 == 0 ? 2 : seconds % 60 == 0 ? 1 : 0;
    m_timeoutUnit->setCurrentIndex(unit);
    m_timeout->setValue(seconds / m_timeoutUnit->itemData(unit).toInt());
}

void NewSandboxDialog::setTemplate(const QString &templateIdOrName)
{
    m_wanted = templateIdOrName;
    fillTemplates();
}

void NewSandboxDialog::fillTemplates()
{
    const QString current = !m_wanted.isEmpty() ? m_wanted : m_template->currentData().toString();
    const QSignalBlocker quiet(m_template);
    m_template->clear();
    for (int row = 0; row < m_templates.rowCount(); ++row) {
        const e2b::TemplateInfo &info = m_templates.at(row);
        const QString id = toQString(info.templateId);
        m_template->addItem(TemplateListModel::displayName(info), id);
        if (id == current || TemplateListModel::displayName(info) == current)
            m_template->setCurrentIndex(m_template->count() - 1);
    }
    if (m_template->count() == 0) // the API may know it although the list cannot be had
        m_template->addItem(current.isEmpty() ? QStringLiteral("code-interpreter-v1") : current,
                            current.isEmpty() ? QStringLiteral("code-interpreter-v1") : current);
    updateCost();
}

e2b::SandboxSpec NewSandboxDialog::spec() const
{
    e2b::SandboxSpec spec;
    spec.templateId = toUtf8(m_template->currentData().toString());
    const qint64 seconds = qint64{m_timeout->value()} * m_timeoutUnit->currentData().toInt();
    spec.timeoutSeconds = static_cast<int>(std::min<qint64>(seconds, 1'000'000));
    spec.metadata = m_metadata->pairs();
    spec.envVars = m_variables->pairs();
    spec.autoPause = m_pause->isChecked();
    spec.allowInternetAccess = m_internet->isChecked();
    return spec;
}

void NewSandboxDialog::updateCost()
{
    const e2b::TemplateInfo *info = m_templates.find(m_template->currentData().toString());
    const auto most = info ? NewSandboxSession::worstCase(*info, spec().timeoutSeconds, m_card, systemNow()) : std::nullopt;
    m_cost->setObjectName(QStringLiteral("worstCase"));
    m_cost->setText(most ? tr("Costs at most <b>%1</b>").arg(formatMoney(most)) : tr("Cost: unknown size"));
    m_cost->setToolTip(most ? tr("$%1 when it runs until the timeout").arg(formatMoneyExact(*most)) : QString());
}

void NewSandboxDialog::showProblem(const QString &text)
{
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

void NewSandboxDialog::submit()
{
    for (const auto &[table, name] : {std::pair(m_metadata, tr("Metadata")), std::pair(m_variables, tr("Environment"))}) {
        if (const QString key = table->repeatedKey(); !key.isEmpty()) {
            showProblem(tr("%1: \"%2\" stands there twice.").arg(name, key));
            return;
        }
    }
    m_session.create(spec());
}

void NewSandboxDialog::onStateChanged()
{
    const bool busy = m_session.isBusy();
    m_progress->setVisible(busy);
    m_form->setEnabled(!busy);
    m_create->setEnabled(!busy);
    m_create->setText(busy ? tr("Creating…") : tr("Create sandbox"));
    switch (m_session.state()) {
    case NewSandboxSession::State::Created:
        accept();
        break;
    case NewSandboxSession::State::Failed: {
        const Error &error = m_session.error();
        const QString text = toQString(error.message);
        showProblem(error.code == "invalid_input" ? text : tr("The sandbox was not created: %1").arg(text));
        break;
    }
    case NewSandboxSession::State::Cancelled:
        QDialog::reject();
        break;
    default:
        showProblem({});
    }
}

void NewSandboxDialog::reject()
{
    if (m_session.state() == NewSandboxSession::State::Creating)
        m_session.cancel(); // finishes in the background and kills what was created
    QDialog::reject();
}

} // namespace sandglass::ui
