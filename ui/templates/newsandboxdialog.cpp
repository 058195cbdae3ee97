#include "ui/templates/newsandboxdialog.h"

#include "models/templates/newsandboxsession.h"
#include "models/templates/templatelistmodel.h"
#include "services/core/qtstring.h"
#include "services/cost/meter.h"
#include "services/cost/planlimits.h"
#include "ui/budgets/startnotice.h"
#include "ui/templates/pairtable.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/firstsize.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/timeoutedit.h"

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
#include <QVBoxLayout>

namespace sandglass::ui {

using models::NewSandboxSession;
using models::TemplateListModel;

namespace {

constexpr int usualSeconds = 5 * 60;

} // namespace

NewSandboxDialog::NewSandboxDialog(TemplateListModel &templates, NewSandboxSession &session, cost::RateCard card,
                                   QWidget *parent)
    : QDialog(parent)
    , m_templates(templates)
    , m_session(session)
    , m_card(std::move(card))
    , m_template(new QComboBox(this))
    , m_timeout(new TimeoutEdit(QStringLiteral("timeout"), this))
    , m_metadata(new PairTable(tr("key"), tr("value"), this))
    , m_variables(new PairTable(tr("NAME"), tr("value"), this))
    , m_kill(new QRadioButton(tr("Kill it"), this))
    , m_pause(new QRadioButton(tr("Pause it, keep its memory"), this))
    , m_killCost(makeLabel({}, "muted", this))
    , m_pauseCost(makeLabel({}, "muted", this))
    , m_internet(new QCheckBox(tr("Allow access to the internet"), this))
    , m_connection(new QLabel(this))
    , m_cost(new QLabel(this))
    , m_limits(makeLabel({}, "warning", this))
    , m_notice(new StartNotice(this))
    , m_problem(new QLabel(this))
    , m_progress(new QProgressBar(this))
    , m_create(new QPushButton(tr("Create sandbox"), this))
    , m_cancel(new QPushButton(tr("Cancel"), this))
    , m_form(nullptr)
{
    setWindowTitle(tr("New sandbox"));
    setObjectName(QStringLiteral("newSandboxDialog"));
    layOut();
    wire();
    fillTemplates();
    if (m_templates.state() == TemplateListModel::State::NotLoaded)
        m_templates.refresh();
}

void NewSandboxDialog::layOut()
{
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
    m_limits->setObjectName(QStringLiteral("planWarning"));
    m_limits->setWordWrap(true);
    m_limits->hide();
    auto *limitsRow = new QHBoxLayout;
    limitsRow->setContentsMargins(metrics::pageMargin, 0, metrics::pageMargin, 0);
    limitsRow->addWidget(m_limits);
    auto *problemRow = new QHBoxLayout;
    problemRow->setContentsMargins(metrics::pageMargin, 0, metrics::pageMargin, 0);
    problemRow->addWidget(m_problem);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, metrics::cardGap);
    layout->setSpacing(metrics::gap);
    layout->addWidget(scroll, 1);
    layout->addWidget(m_notice);
    layout->addLayout(limitsRow);
    layout->addLayout(problemRow);
    layout->addWidget(m_progress);
    layout->addLayout(buttons);
    setFirstSize(*this, {560, 600});
}

void NewSandboxDialog::wire()
{
    connect(m_create, &QPushButton::clicked, this, [this] { submit(false); });
    connect(m_notice, &StartNotice::startAnywayRequested, this, [this] { submit(true); });
    connect(m_notice, &StartNotice::budgetsRequested, this, [this] {
        reject();
        Q_EMIT budgetsRequested();
    });
    connect(&m_session.gate(), &models::StartGate::outlookChanged, this, &NewSandboxDialog::updateBudgets);
    connect(m_metadata, &PairTable::edited, this, &NewSandboxDialog::updateBudgets);
    connect(m_cancel, &QPushButton::clicked, this, &NewSandboxDialog::reject);
    connect(m_template, &QComboBox::currentIndexChanged, this, &NewSandboxDialog::updateCost);
    connect(m_timeout, &TimeoutEdit::changed, this, &NewSandboxDialog::updateCost);
    connect(&m_templates, &TemplateListModel::stateChanged, this, &NewSandboxDialog::fillTemplates);
    connect(&m_session, &NewSandboxSession::stateChanged, this, &NewSandboxDialog::onStateChanged);
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
        result->setAlignment(Qt::AlignLeft | Qt::AlignTop); // the form makes it taller than its text
        return result;
    };
    m_template->setObjectName(QStringLiteral("template"));
    m_template->setAccessibleName(tr("Template"));
    m_timeout->setSeconds(usualSeconds);
    m_pause->setChecked(true);
    m_kill->setObjectName(QStringLiteral("killOnTimeout"));
    m_pause->setObjectName(QStringLiteral("pauseOnTimeout"));
    m_killCost->setObjectName(QStringLiteral("killCost"));
    m_pauseCost->setObjectName(QStringLiteral("pauseCost"));
    auto *end = new QVBoxLayout;
    end->setContentsMargins(0, 6, 0, 0);
    end->setSpacing(metrics::unit);
    for (const auto &[choice, cost] : {std::pair(m_pause, m_pauseCost), std::pair(m_kill, m_killCost)}) {
        cost->setContentsMargins(24, 0, 0, 0); // under the words of its choice
        end->addWidget(choice);
        end->addWidget(cost);
    }
    m_internet->setObjectName(QStringLiteral("internet"));
    m_internet->setMinimumHeight(30); // as the fields, whose labels it has beside it
    m_internet->setToolTip(tr("Off: code in the sandbox reaches nothing outside it."));
    m_metadata->setObjectName(QStringLiteral("metadata"));
    m_variables->setObjectName(QStringLiteral("variables"));
    m_connection->setContentsMargins(0, 7, 0, 0);
    layout->addRow(label(tr("Connection")), m_connection);
    layout->addRow(label(tr("Template")), m_template);
    layout->addRow(label(tr("Timeout")), m_timeout);
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
    m_timeout->setSeconds(seconds);
}

void NewSandboxDialog::setPausesOnTimeout(bool pauses)
{
    (pauses ? m_pause : m_kill)->setChecked(true);
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
    spec.timeoutSeconds = m_timeout->seconds();
    spec.metadata = m_metadata->pairs();
    spec.envVars = m_variables->pairs();
    spec.autoPause = m_pause->isChecked();
    spec.allowInternetAccess = m_internet->isChecked();
    return spec;
}

void NewSandboxDialog::updateCost()
{
    const e2b::TemplateInfo *info = m_templates.find(m_template->currentData().toString());
    const auto most =
        info ? NewSandboxSession::worstCase(*info, spec().timeoutSeconds, m_card, systemNow()) : std::nullopt;
    m_cost->setObjectName(QStringLiteral("worstCase"));
    m_cost->setText(most ? tr("Costs at most <b>%1</b>").arg(formatMoney(most)) : tr("Cost: unknown size"));
    m_cost->setToolTip(most ? tr("%1 when it runs until the timeout").arg(formatMoneyExact(*most)) : QString());
    updateEnds();
    updateLimits();
    updateBudgets();
}

void NewSandboxDialog::updateEnds()
{
    const e2b::TemplateInfo *info = m_templates.find(m_template->currentData().toString());
    const auto rate = info ? cost::hourlyRate(info->cpuCount, info->memoryMb, m_card, systemNow()) : std::nullopt;
    m_killCost->setText(tr("Costs nothing more; memory and files are gone."));
    m_pauseCost->setText(rate ? tr("Costs only storage, which is free; %1 once resumed.").arg(formatRate(*rate))
                              : tr("Costs only storage, which is free; the full rate once resumed."));
    m_pause->setAccessibleDescription(m_pauseCost->text());
    m_kill->setAccessibleDescription(m_killCost->text());
}

void NewSandboxDialog::updateBudgets()
{
    if (m_session.isBusy())
        return;
    const models::StartVerdict outlook = m_session.gate().look(NewSandboxSession::startOf(spec()));
    const bool wasRefused = m_session.state() == NewSandboxSession::State::Refused;
    m_notice->tell(outlook, wasRefused && outlook.isRefused());
}

void NewSandboxDialog::warnOfPlanLimits(std::optional<int> running)
{
    m_hasPlans = true;
    m_running = running;
    updateLimits();
}

void NewSandboxDialog::updateLimits()
{
    if (!m_hasPlans)
        return;
    const cost::PlanLimits limits = cost::limitsReached(m_running, std::chrono::seconds(m_timeout->seconds()));
    QStringList sentences;
    if (!limits.full.empty()) {
        QStringList plans;
        for (const cost::Plan &plan : limits.full)
            plans << tr("%1 (%2 at once)").arg(toQString(plan.name)).arg(plan.maxConcurrent);
        sentences << tr("%1 run now: the plan %2 takes no more.").arg(*m_running).arg(plans.join(tr(" or ")));
    }
    if (!limits.tooLong.empty()) {
        QStringList plans;
        for (const cost::Plan &plan : limits.tooLong)
            plans << tr("%1 (%2 h)")
                         .arg(toQString(plan.name))
                         .arg(std::chrono::duration_cast<std::chrono::hours>(plan.longestRun).count());
        sentences << tr("The timeout is longer than the plan %1 lets a sandbox run.").arg(plans.join(tr(" or ")));
    }
    m_limits->setText(sentences.join(u'\n'));
    m_limits->setVisible(!sentences.isEmpty());
}

void NewSandboxDialog::showProblem(const QString &text)
{
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

void NewSandboxDialog::submit(bool isAnyway)
{
    for (const auto &[table, name] :
         {std::pair(m_metadata, tr("Metadata")), std::pair(m_variables, tr("Environment"))}) {
        if (const QString key = table->repeatedKey(); !key.isEmpty()) {
            showProblem(tr("%1: \"%2\" stands there twice.").arg(name, key));
            return;
        }
    }
    m_session.create(spec(), isAnyway);
}

void NewSandboxDialog::onStateChanged()
{
    const bool busy = m_session.isBusy();
    m_progress->setVisible(busy);
    m_form->setEnabled(!busy);
    m_notice->setEnabled(!busy);
    m_create->setEnabled(!busy);
    m_create->setText(busy ? tr("Creating…") : tr("Create sandbox"));
    switch (m_session.state()) {
    case NewSandboxSession::State::Created:
    case NewSandboxSession::State::Queued:
        accept();
        break;
    case NewSandboxSession::State::Failed: {
        const Error &error = m_session.error();
        const QString text = toQString(error.message);
        showProblem(error.code == "invalid_input" ? text : tr("The sandbox was not created: %1").arg(text));
        break;
    }
    case NewSandboxSession::State::Refused:
        showProblem({});
        m_notice->tell(m_session.gate().verdict(), true);
        break;
    case NewSandboxSession::State::Cancelled:
        QDialog::reject();
        break;
    default:
        showProblem({});
    }
}

void NewSandboxDialog::reject()
{
    if (m_session.isBusy())
        m_session.cancel(); // finishes in the background and kills what was created
    QDialog::reject();
}

} // namespace sandglass::ui
