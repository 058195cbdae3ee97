#include "ui/budgets/budgetdialog.h"

#include "services/core/qtstring.h"
#include "ui/budgets/budgettext.h"
#include "ui/budgets/fields.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/firstsize.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/row.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QTimeZone>
#include <QVBoxLayout>

namespace sandglass::ui {

using cost::Budget;
using Measure = cost::Budget::Measure;
using ScopeKind = cost::Scope::Kind;

namespace {

QString limitText(const Budget &budget)
{
    if (budget.measure == Measure::Money) {
        QString text = toQString(budget.moneyLimit.toFixed(12));
        while (text.endsWith(u'0') && !text.endsWith(QStringLiteral(".00")))
            text.chop(1);
        return text;
    }
    return budget.measure == Measure::Age ? minutesText(std::chrono::seconds(budget.countLimit))
                                          : QString::number(budget.countLimit);
}

QWidget *rowOf(std::initializer_list<QWidget *> widgets)
{
    auto *row = new QWidget;
    makeRow(row, metrics::gap, widgets);
    return row;
}

} // namespace

BudgetDialog::BudgetDialog(const Budget &budget, bool isNew, Names names, QWidget *parent)
    : QDialog(parent), m_budget(budget), m_names(std::move(names))
{
    setObjectName(QStringLiteral("budgetDialog"));
    setWindowTitle(isNew ? tr("New budget") : tr("Budget"));
    build();
    m_save->setText(isNew ? tr("Add budget") : tr("Save"));
    fill();
    connect(m_measure, &QComboBox::currentIndexChanged, this, &BudgetDialog::updateFields);
    connect(m_scope, &QComboBox::currentIndexChanged, this, [this] {
        m_scopeValue->clearEditText();
        updateFields();
    });
    connect(m_action, &QComboBox::currentIndexChanged, this, &BudgetDialog::updateFields);
    connect(m_save, &QPushButton::clicked, this, &BudgetDialog::submit);
    updateFields();
    m_name->setFocus();
    setFirstSize(*this, {580, 600});
}

void BudgetDialog::build()
{
    auto *form = new QWidget;
    auto *rows = new QFormLayout(form);
    rows->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::gap);
    rows->setHorizontalSpacing(metrics::cardGap);
    rows->setVerticalSpacing(10);
    rows->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    addLimitRows(rows);
    addScopeRow(rows);
    addActionRows(rows);

    auto *scroll = new QScrollArea;
    scroll->setWidget(form);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_problem = makeLabel({}, "error");
    m_problem->setObjectName(QStringLiteral("budgetProblem"));
    m_problem->setWordWrap(true);
    m_problem->setContentsMargins(metrics::pageMargin, 0, metrics::pageMargin, 0);
    m_problem->hide();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, metrics::cardGap);
    layout->setSpacing(metrics::gap);
    layout->addWidget(scroll, 1);
    layout->addWidget(m_problem);
    layout->addLayout(buildButtons());
}

void BudgetDialog::addLimitRows(QFormLayout *rows)
{
    m_name = makeEdit(QStringLiteral("budgetName"), tr("Name"), tr("Daily budget"));
    m_measure = makeCombo(
        QStringLiteral("budgetMeasure"), tr("Measure"),
        {tr("Money spent"), tr("Sandboxes started"), tr("Sandboxes running at once"), tr("Longest running time")});
    m_limit = makeEdit(QStringLiteral("budgetLimit"), tr("Limit"));
    m_unit = makeMuted({});
    m_period =
        makeCombo(QStringLiteral("budgetPeriod"), tr("Period"), {tr("per day"), tr("per week"), tr("per month")});
    m_zone = makeCombo(QStringLiteral("budgetZone"), tr("Time zone"));
    m_zone->setEditable(true);
    m_zone->addItem(tr("as in Settings"));
    m_zone->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_zone->setMinimumContentsLength(18);
    const QList<QByteArray> zones = QTimeZone::availableTimeZoneIds();
    for (const QByteArray &zone : zones)
        m_zone->addItem(QString::fromLatin1(zone));
    rows->addRow(makeMuted(tr("Name")), m_name);
    rows->addRow(makeMuted(tr("Measure")), m_measure);
    rows->addRow(makeMuted(tr("Limit")), rowOf({m_limit, m_unit}));
    rows->addRow(makeMuted(tr("Period")), rowOf({m_period, m_zone}));
}

void BudgetDialog::addScopeRow(QFormLayout *rows)
{
    m_scope = makeCombo(QStringLiteral("budgetScope"), tr("Counts"),
                        {tr("All sandboxes"), tr("Template"), tr("Metadata"), tr("Connection"), tr("Team")});
    m_scopeKey = makeEdit(QStringLiteral("budgetScopeKey"), tr("Metadata key"), tr("key"));
    m_scopeValue = makeCombo(QStringLiteral("budgetScopeValue"), tr("Value"));
    m_scopeValue->setEditable(true);
    m_scopeValue->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    m_scopeValue->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    rows->addRow(makeMuted(tr("Counts")), rowOf({m_scope, m_scopeKey, m_scopeValue}));
}

void BudgetDialog::addActionRows(QFormLayout *rows)
{
    m_thresholds = makeEdit(QStringLiteral("budgetThresholds"), tr("Tell at"), QStringLiteral("50, 80, 90, 100"));
    m_action = makeCombo(QStringLiteral("budgetAction"), tr("At the limit"),
                         {tr("Only tell me"), tr("Pause sandboxes"), tr("Kill sandboxes")});
    m_dryRun = new QCheckBox(tr("Dry run: write down what would be done, touch nothing"));
    m_dryRun->setObjectName(QStringLiteral("budgetDryRun"));
    m_grace = makeGraceField(QStringLiteral("budgetGrace"), 110);
    m_exceptions =
        makeEdit(QStringLiteral("budgetExceptions"), tr("Exceptions"), QStringLiteral("template:ml, user=42, keep"));
    m_exceptions->setToolTip(tr("Counted, but never paused or killed. Separate them by commas: template:NAME, "
                                "connection:NAME, team:ID, KEY=VALUE, or KEY for any value."));
    m_enabled = new QCheckBox(tr("In force"));
    m_enabled->setObjectName(QStringLiteral("budgetEnabled"));
    rows->addRow(makeMuted(tr("Tell at (%)")), m_thresholds);
    rows->addRow(makeMuted(tr("At the limit")), m_action);
    rows->addRow({}, m_dryRun);
    rows->addRow(makeMuted(tr("Grace")), rowOf({m_grace, makeMuted(tr("to undo it before it is done"))}));
    rows->addRow(makeMuted(tr("Exceptions")), m_exceptions);
    rows->addRow({}, m_enabled);
}

QLayout *BudgetDialog::buildButtons()
{
    m_save = makePrimaryButton({}, QStringLiteral("saveBudget"));
    m_save->setDefault(true);
    QPushButton *cancel = makeButton(tr("Cancel"), QStringLiteral("cancelBudget"));
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    auto *buttons = new QHBoxLayout;
    buttons->setContentsMargins(metrics::pageMargin, 0, metrics::pageMargin, 0);
    buttons->addStretch(1);
    buttons->addWidget(cancel);
    buttons->addWidget(m_save);
    return buttons;
}

void BudgetDialog::fill()
{
    m_name->setText(toQString(m_budget.name));
    m_measure->setCurrentIndex(static_cast<int>(m_budget.measure));
    m_limit->setText(limitText(m_budget));
    m_period->setCurrentIndex(static_cast<int>(m_budget.period));
    if (m_budget.timeZone.empty())
        m_zone->setCurrentIndex(0);
    else
        m_zone->setCurrentText(toQString(m_budget.timeZone));
    m_scope->setCurrentIndex(static_cast<int>(m_budget.scope.kind));
    m_scopeKey->setText(toQString(m_budget.scope.key));
    updateFields();
    m_scopeValue->setEditText(toQString(m_budget.scope.value));
    m_thresholds->setText(percentsText(m_budget.thresholds));
    m_action->setCurrentIndex(static_cast<int>(m_budget.action));
    m_dryRun->setChecked(m_budget.isDryRun);
    m_grace->setValue(static_cast<int>(m_budget.grace.count()));
    m_exceptions->setText(exceptionsText(m_budget.allowed));
    m_enabled->setChecked(m_budget.isEnabled);
}

Measure BudgetDialog::measure() const
{
    return static_cast<Measure>(m_measure->currentIndex());
}

void BudgetDialog::updateFields()
{
    m_unit->setText(measure() == Measure::Money     ? tr("US dollars")
                        : measure() == Measure::Age ? tr("minutes, pauses left out")
                                                    : tr("sandboxes"));
    const auto kind = static_cast<ScopeKind>(m_scope->currentIndex());
    m_scopeKey->setVisible(kind == ScopeKind::Metadata);
    m_scopeValue->setVisible(kind != ScopeKind::All);
    const QString typed = m_scopeValue->currentText();
    m_scopeValue->clear();
    m_scopeValue->addItems(kind == ScopeKind::Template         ? m_names.templates
                               : kind == ScopeKind::Connection ? m_names.connections
                               : kind == ScopeKind::Team       ? m_names.teams
                                                               : QStringList());
    m_scopeValue->setEditText(typed);
    m_scopeValue->lineEdit()->setPlaceholderText(kind == ScopeKind::Metadata   ? tr("any value")
                                                     : kind == ScopeKind::Team ? tr("id, as events tell it")
                                                                               : tr("name"));
    const bool acts = m_action->currentIndex() != 0;
    m_dryRun->setVisible(acts);
    m_grace->setEnabled(acts);
    m_exceptions->setEnabled(acts);
}

Result<Budget> BudgetDialog::read() const
{
    Budget budget = m_budget;
    budget.name = toUtf8(m_name->text().trimmed());
    budget.measure = measure();
    const QString limit = m_limit->text().trimmed();
    const auto wrongLimit = [&] {
        return failure(Error::Kind::Local, toUtf8(tr("The limit \"%1\" is no number that fits.").arg(limit)));
    };
    if (budget.measure == Measure::Money) {
        QString plain = limit;
        const auto money = Money::parse(toUtf8(plain.remove(u'$')));
        if (!money)
            return wrongLimit();
        budget.moneyLimit = *money;
    } else if (budget.measure == Measure::Age) {
        const auto minutes = minutesFromText(limit);
        if (!minutes)
            return wrongLimit();
        budget.countLimit = std::chrono::duration_cast<std::chrono::seconds>(*minutes).count();
    } else {
        bool isNumber = false;
        budget.countLimit = limit.toInt(&isNumber);
        if (!isNumber)
            return wrongLimit();
    }
    budget.period = static_cast<cost::PeriodKind>(m_period->currentIndex());
    const QString zone = m_zone->currentText().trimmed();
    budget.timeZone = zone == m_zone->itemText(0) ? std::string() : toUtf8(zone);
    const auto kind = static_cast<ScopeKind>(m_scope->currentIndex());
    budget.scope = {kind, kind == ScopeKind::Metadata ? toUtf8(m_scopeKey->text().trimmed()) : std::string(),
                    kind == ScopeKind::All ? std::string() : toUtf8(m_scopeValue->currentText().trimmed())};
    const auto percents = percentsFromText(m_thresholds->text());
    if (!percents)
        return failure(Error::Kind::Local, toUtf8(tr("Tell at: percents separated by commas, such as 50, 80, 100.")));
    budget.thresholds = *percents;
    budget.action = static_cast<Budget::Action>(m_action->currentIndex());
    budget.isDryRun = m_dryRun->isChecked();
    budget.grace = std::chrono::seconds(m_grace->value());
    auto exceptions = exceptionsFromText(m_exceptions->text());
    if (!exceptions)
        return failure(std::move(exceptions.error()));
    budget.allowed = std::move(*exceptions);
    budget.isEnabled = m_enabled->isChecked();
    if (std::string fault = cost::faultOf(budget); !fault.empty())
        return failure(Error::Kind::Local, std::move(fault));
    return budget;
}

void BudgetDialog::submit()
{
    const auto budget = read();
    if (!budget) {
        QString text = toQString(budget.error().message);
        text[0] = text[0].toUpper();
        m_problem->setText(text.endsWith(u'.') ? text : text + u'.');
        m_problem->show();
        return;
    }
    Q_EMIT saved(*budget);
    accept();
}

} // namespace sandglass::ui
