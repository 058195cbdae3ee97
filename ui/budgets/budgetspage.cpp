#include "ui/budgets/budgetspage.h"

#include "models/budgets/budgetlistmodel.h"
#include "models/budgets/guarddesk.h"
#include "models/budgets/plannedmodel.h"
#include "models/budgets/spendforecast.h"
#include "services/core/ids.h"
#include "services/core/qtstring.h"
#include "ui/budgets/auditcard.h"
#include "ui/budgets/budgetdelegate.h"
#include "ui/budgets/budgetdialog.h"
#include "ui/budgets/forecasttiles.h"
#include "ui/budgets/runawaycard.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/row.h"
#include "ui/widgets/scrollarea.h"
#include "ui/widgets/tableview.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

using cost::Budget;
using models::BudgetListModel;
using models::PlannedModel;
using models::RunawayPolicy;

namespace {

constexpr auto undoWindow = 8s;
constexpr int rowsSeen = 5;

/// Ten dollars a day, the first thought of most; a hundred sandboxes a day was the original server's own limit.
Budget newBudget()
{
    Budget budget;
    budget.id = newUuid();
    budget.moneyLimit = Money::fromPicoDollars(10'000'000'000'000);
    return budget;
}

Budget countPreset()
{
    Budget budget = newBudget();
    budget.measure = Budget::Measure::Created;
    budget.moneyLimit = {};
    budget.countLimit = 100;
    return budget;
}

} // namespace

BudgetsPage::BudgetsPage(Models models, Names templates, Names connections, QWidget *parent)
    : Page(parent), m_models(models), m_templates(std::move(templates)), m_connections(std::move(connections))
{
    setObjectName(QStringLiteral("budgetsPage"));
    buildTools();
    auto *column = new QWidget;
    auto *cards = new QVBoxLayout(column);
    cards->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, metrics::pageMargin);
    cards->setSpacing(metrics::cardGap);
    m_problem = makeLabel({}, "error");
    m_problem->setObjectName(QStringLiteral("budgetsProblem"));
    m_problem->setWordWrap(true);
    cards->addWidget(m_problem);
    cards->addWidget(new ForecastTiles(m_models.forecast, m_models.desk));
    m_plannedCard = buildPlanned();
    cards->addWidget(m_plannedCard);
    cards->addWidget(buildBudgets());
    auto *runaways = new RunawayCard(m_models.desk);
    cards->addWidget(runaways);
    auto *audit = new AuditCard(m_models.audit, m_models.desk);
    cards->addWidget(audit);
    cards->addStretch(1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(makeScrollArea(column));
    m_toast = new Toast(this);

    connect(runaways, &RunawayCard::applied, this, [this] { Q_EMIT toast(tr("Runaway rules are in force")); });
    connect(&m_models.budgets, &QAbstractItemModel::modelReset, this, &BudgetsPage::updateBudgets);
    connect(&m_models.budgets, &QAbstractItemModel::dataChanged, this, &BudgetsPage::updateBudgets);
    connect(&m_models.planned, &PlannedModel::ticked, this, &BudgetsPage::updatePlanned);
    connect(audit, &AuditCard::toast, this, &Page::toast);
    connect(&m_models.desk, &models::GuardDesk::failureChanged, this, &BudgetsPage::updateProblem);
    connect(&m_models.desk, &models::GuardDesk::reported, this, &BudgetsPage::updateProblem);
    connect(&m_models.desk, &models::GuardDesk::resumeFailed, this, [this](const QString &id, const QString &reason) {
        Q_EMIT toast(tr("%1 could not be resumed: %2").arg(id, reason));
    });
    updateBudgets();
    updatePlanned();
    updateProblem();
}

void BudgetsPage::buildTools()
{
    m_tools = new QWidget(this);
    m_edit = makeButton(tr("Edit…"), QStringLiteral("editBudget"));
    m_remove = makeDangerButton(tr("Delete"), QStringLiteral("deleteBudget"));
    QPushButton *add = makePrimaryButton(tr("Add budget…"), QStringLiteral("addBudget"));
    makeRow(m_tools, 10, {m_edit, m_remove, add});
    connect(m_edit, &QPushButton::clicked, this, &BudgetsPage::editCurrent);
    connect(m_remove, &QPushButton::clicked, this, &BudgetsPage::removeCurrent);
    connect(add, &QPushButton::clicked, this, [this] { openDialog(newBudget(), true); });
}

QWidget *BudgetsPage::buildBudgets()
{
    auto *card = new Card(tr("Budgets"));
    card->setFlush();
    m_table = new TableView(QStringLiteral("budgetTable"));
    m_table->setAccessibleName(tr("Budgets"));
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setItemDelegate(new BudgetDelegate(m_table));
    m_table->setModel(&m_models.budgets);
    m_table->setColumnWidths({-1, -1, 150, -1, 66, 124, 100});
    m_stack = new QStackedWidget;
    m_stack->addWidget(m_table);
    m_stack->addWidget(buildPresets());
    card->body()->addWidget(m_stack);
    auto *remove = new QAction(tr("&Delete budget"), m_table);
    remove->setShortcut(QKeySequence(Qt::Key_Delete));
    remove->setShortcutContext(Qt::WidgetShortcut);
    m_table->addAction(remove);
    connect(remove, &QAction::triggered, this, &BudgetsPage::removeCurrent);
    connect(m_table, &QAbstractItemView::activated, this, &BudgetsPage::editCurrent);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &BudgetsPage::updateBudgets);
    return card;
}

QWidget *BudgetsPage::buildPresets()
{
    auto *empty = new QWidget;
    auto *layout = new QVBoxLayout(empty);
    layout->setContentsMargins(metrics::cardPadding, 4, metrics::cardPadding, 14);
    layout->setSpacing(metrics::gap);
    QLabel *title = makeHeading(tr("No budget yet"));
    title->setAlignment(Qt::AlignHCenter);
    QLabel *sentence = makeMuted(tr("A budget tells you when a share of it is used, and can pause or kill what goes on "
                                    "beyond it. Begin with one of these:"));
    sentence->setAlignment(Qt::AlignHCenter);
    sentence->setWordWrap(true);
    auto *buttons = new QHBoxLayout;
    buttons->setSpacing(metrics::gap);
    QPushButton *money = makeButton(tr("$10 per day"), QStringLiteral("presetMoney"));
    QPushButton *count = makeButton(tr("100 sandboxes per day"), QStringLiteral("presetCount"));
    QPushButton *runaway = makeButton(tr("Pause after 10 minutes (dry run)"), QStringLiteral("presetRunaway"));
    buttons->addStretch(1);
    for (QPushButton *button : {money, count, runaway})
        buttons->addWidget(button);
    buttons->addStretch(1);
    layout->addStretch(1);
    layout->addWidget(title);
    layout->addWidget(sentence);
    layout->addLayout(buttons);
    layout->addStretch(1);
    connect(money, &QPushButton::clicked, this, [this] {
        Budget budget = newBudget();
        budget.name = toUtf8(tr("$10 per day"));
        take(budget);
    });
    connect(count, &QPushButton::clicked, this, [this] {
        Budget budget = countPreset();
        budget.name = toUtf8(tr("100 sandboxes per day"));
        take(budget);
    });
    connect(runaway, &QPushButton::clicked, this, [this] {
        RunawayPolicy policy = m_models.desk.runawayPolicy();
        policy.rules.threshold = 10min;
        policy.response = RunawayPolicy::Response::Pause;
        policy.isDryRun = true;
        if (const auto set = m_models.desk.setRunawayPolicy(policy); !set)
            return Q_EMIT toast(toQString(set.error().message));
        Q_EMIT toast(tr("Runaway rules are in force"));
    });
    return empty;
}

QWidget *BudgetsPage::buildPlanned()
{
    auto *card = new Card(tr("About to happen"));
    card->setFlush();
    m_keep = makeButton(tr("Keep running"), QStringLiteral("keepRunning"));
    card->titleRow()->addWidget(m_keep);
    m_plannedTable = new TableView(QStringLiteral("plannedTable"));
    m_plannedTable->setAccessibleName(tr("Planned actions"));
    m_plannedTable->setItemDelegate(new PlannedDelegate(m_plannedTable));
    m_plannedTable->setModel(&m_models.planned);
    m_plannedTable->setColumnWidths({92, 76, 200, -1});
    card->body()->addWidget(m_plannedTable);
    connect(m_keep, &QPushButton::clicked, this, &BudgetsPage::keepPlanned);
    connect(m_plannedTable->selectionModel(), &QItemSelectionModel::selectionChanged, this,
            &BudgetsPage::updatePlanned);
    return card;
}

QString BudgetsPage::subtitle() const
{
    const int over = m_models.budgets.overCount();
    const int count = m_models.budgets.rowCount();
    const QString all = count == 1 ? tr("1 budget") : tr("%1 budgets").arg(count);
    return over == 0 ? all : tr("%1, %2 used up").arg(all).arg(over);
}

void BudgetsPage::refresh()
{
    m_models.desk.evaluateNow();
    m_models.forecast.refresh();
}

QByteArray BudgetsPage::saveState() const
{
    return m_table->saveColumns();
}

void BudgetsPage::restoreState(const QByteArray &state)
{
    m_table->restoreColumns(state);
}

void BudgetsPage::showEvent(QShowEvent *event)
{
    Page::showEvent(event);
    m_models.forecast.setActive(true);
}

void BudgetsPage::hideEvent(QHideEvent *event)
{
    Page::hideEvent(event);
    m_models.forecast.setActive(false);
}

void BudgetsPage::openDialog(const Budget &budget, bool isNew)
{
    BudgetDialog::Names names{
        m_templates ? m_templates() : QStringList(), m_connections ? m_connections() : QStringList(), {}};
    if (const models::GuardReportPtr &report = m_models.desk.report()) {
        for (const auto &[team, connection] : report->teams)
            names.teams << toQString(team);
    }
    auto *dialog = new BudgetDialog(budget, isNew, std::move(names), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &BudgetDialog::saved, this, &BudgetsPage::take);
    dialog->open();
}

void BudgetsPage::take(const Budget &budget)
{
    if (const auto set = m_models.desk.setBudget(budget); !set)
        return Q_EMIT toast(toQString(set.error().message));
    m_table->selectRow(m_models.budgets.rowOf(toQString(budget.id)));
}

void BudgetsPage::editCurrent()
{
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    if (!rows.isEmpty())
        openDialog(m_models.budgets.at(rows.front().row()), false);
}

void BudgetsPage::removeCurrent()
{
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    if (rows.isEmpty())
        return;
    const int row = rows.front().row();
    const Budget budget = m_models.budgets.at(row);
    m_models.desk.removeBudget(budget.id);
    m_toast->show(tr("Deleted %1").arg(toQString(budget.name)), tr("Undo"), undoWindow, [this, budget, row] {
        // It was there before: nothing about it can be wrong.
        (void)m_models.desk.setBudget(budget, static_cast<std::size_t>(row));
    });
}

void BudgetsPage::keepPlanned()
{
    const QModelIndexList rows = m_plannedTable->selectionModel()->selectedRows();
    if (rows.isEmpty()) { // all of them
        std::vector<std::string> causes;
        for (const cost::PlannedAction &action : m_models.planned.planned())
            causes.push_back(action.cause);
        std::ranges::sort(causes);
        causes.erase(std::ranges::unique(causes).begin(), causes.end());
        for (const std::string &cause : causes)
            m_models.desk.undo(cause);
        return;
    }
    for (const QModelIndex &row : rows)
        m_models.desk.undo(toUtf8(row.data(PlannedModel::CauseRole).toString()),
                           toUtf8(row.data(PlannedModel::SandboxRole).toString()));
}

void BudgetsPage::updateBudgets()
{
    const int rows = m_models.budgets.rowCount();
    m_stack->setCurrentIndex(rows > 0 ? 0 : 1);
    m_table->fixHeight(std::clamp(rows, 3, rowsSeen + 3));
    const bool isOne = m_table->selectionModel()->hasSelection();
    m_edit->setEnabled(isOne);
    m_remove->setEnabled(isOne);
    const int over = m_models.budgets.overCount();
    Q_EMIT badgeChanged(over > 0 ? QString::number(over) : QString());
    Q_EMIT subtitleChanged();
}

void BudgetsPage::updatePlanned()
{
    const int rows = m_models.planned.rowCount();
    m_plannedCard->setVisible(rows > 0);
    if (rows == 0)
        return;
    m_plannedTable->fixHeight(std::min(rows, rowsSeen));
    const auto selected = m_plannedTable->selectionModel()->selectedRows().size();
    m_keep->setText(selected > 0 ? tr("Keep %n running", nullptr, static_cast<int>(selected)) : tr("Keep all running"));
}

void BudgetsPage::updateProblem()
{
    QString text = m_models.desk.failure();
    const auto &report = m_models.desk.report();
    if (text.isEmpty() && report && report->isStale && report->plannedCount > 0)
        text = tr("The provider has not answered for a minute. Nothing is paused or killed until it does.");
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

} // namespace sandglass::ui
