#include "models/budgets/budgetlistmodel.h"

#include "models/budgets/guarddesk.h"
#include "services/core/qtstring.h"

#include <algorithm>

namespace sandglass::models {

namespace {

using cost::Budget;

} // namespace

BudgetListModel::BudgetListModel(GuardDesk &desk, QObject *parent) : QAbstractTableModel(parent), m_desk(desk)
{
    connect(&m_desk, &GuardDesk::budgetsChanged, this, &BudgetListModel::reload);
    connect(&m_desk, &GuardDesk::reported, this, [this] {
        if (!m_ids.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    });
    reload();
}

void BudgetListModel::reload()
{
    std::vector<std::string> ids;
    for (const Budget &budget : m_desk.budgets())
        ids.push_back(budget.id);
    if (ids == m_ids) {
        if (!m_ids.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
        return;
    }
    beginResetModel();
    m_ids = std::move(ids);
    endResetModel();
}

int BudgetListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_ids.size());
}

int BudgetListModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

const Budget &BudgetListModel::at(int row) const
{
    return m_desk.budgets()[static_cast<std::size_t>(row)];
}

int BudgetListModel::rowOf(const QString &id) const
{
    const auto found = std::ranges::find(m_ids, toUtf8(id));
    return found == m_ids.end() ? -1 : static_cast<int>(found - m_ids.begin());
}

int BudgetListModel::overCount() const
{
    return static_cast<int>(std::ranges::count_if(
        m_desk.budgets(), [this](const Budget &budget) { return stateOf(budget) == State::Over; }));
}

const cost::BudgetUsage *BudgetListModel::usageOf(const Budget &budget) const
{
    if (!m_desk.report())
        return nullptr;
    const auto &usages = m_desk.report()->usages;
    const auto found = std::ranges::find(usages, budget.id, &cost::BudgetUsage::budgetId);
    return found == usages.end() ? nullptr : &*found;
}

BudgetListModel::State BudgetListModel::stateOf(const Budget &budget) const
{
    if (!budget.isEnabled)
        return State::Off;
    const cost::BudgetUsage *usage = usageOf(budget);
    if (usage == nullptr)
        return State::Waiting;
    if (cost::isOver(budget, *usage))
        return State::Over;
    return cost::isNear(*usage) ? State::Near : State::Fine;
}

QString BudgetListModel::scopeText(const Budget &budget)
{
    const QString value = toQString(budget.scope.value);
    switch (budget.scope.kind) {
    case cost::Scope::Kind::Template:
        return tr("template %1").arg(value);
    case cost::Scope::Kind::Metadata:
        return value.isEmpty() ? tr("metadata %1").arg(toQString(budget.scope.key))
                               : tr("metadata %1=%2").arg(toQString(budget.scope.key), value);
    case cost::Scope::Kind::Connection:
        return tr("connection %1").arg(value);
    case cost::Scope::Kind::Team:
        return tr("team %1").arg(value);
    case cost::Scope::Kind::All:
        break;
    }
    return tr("all sandboxes");
}

QString BudgetListModel::text(const Budget &budget, int column) const
{
    switch (column) {
    case NameColumn:
        return toQString(budget.name);
    case ScopeColumn:
        return scopeText(budget);
    case PeriodColumn:
        return budget.period == cost::PeriodKind::Day ? tr("day")
            : budget.period == cost::PeriodKind::Week ? tr("week")
                                                      : tr("month");
    case ActionColumn: {
        if (budget.action == Budget::Action::Notify)
            return tr("notify");
        const QString action = budget.action == Budget::Action::Kill ? tr("kill") : tr("pause");
        return budget.isDryRun ? tr("%1 (dry run)").arg(action) : action;
    }
    case StateColumn:
        switch (stateOf(budget)) {
        case State::Waiting:
            return tr("adding up");
        case State::Off:
            return tr("off");
        case State::Fine:
            return tr("within");
        case State::Near:
            return tr("near");
        case State::Over:
            return budget.measure == Budget::Measure::Money ? tr("used up") : tr("exceeded");
        }
        return {};
    default:
        return {};
    }
}

QVariant BudgetListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Budget &budget = at(index.row());
    const cost::BudgetUsage *usage = usageOf(budget);
    const bool isMoney = budget.measure == Budget::Measure::Money;
    switch (role) {
    case Qt::DisplayRole:
        return text(budget, index.column());
    case Qt::ToolTipRole:
        if (usage != nullptr && usage->unpriced > 0)
            return tr("%1 of unknown size left out of the sum").arg(usage->unpriced);
        if (index.column() == PeriodColumn)
            return budget.timeZone.empty() ? tr("in the time zone of Settings")
                                           : tr("in the time zone %1").arg(toQString(budget.timeZone));
        return text(budget, index.column());
    case IdRole:
        return toQString(budget.id);
    case MeasureRole:
        return static_cast<int>(budget.measure);
    case UsedRole:
        if (usage == nullptr)
            return {};
        return static_cast<qint64>(isMoney ? usage->spent.toPicoDollars() : usage->count);
    case LimitRole:
        return static_cast<qint64>(isMoney ? budget.moneyLimit.toPicoDollars() : budget.countLimit);
    case ShareRole:
        return usage == nullptr ? QVariant() : QVariant(usage->share);
    case StateRole:
        return static_cast<int>(stateOf(budget));
    case UnpricedRole:
        return usage == nullptr ? 0 : usage->unpriced;
    default:
        return {};
    }
}

QVariant BudgetListModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole && section == ShareColumn)
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case NameColumn:
        return tr("Budget");
    case ScopeColumn:
        return tr("Scope");
    case UsedColumn:
        return tr("Used of limit");
    case ShareColumn:
        return tr("Share");
    case PeriodColumn:
        return tr("Period");
    case ActionColumn:
        return tr("At the limit");
    case StateColumn:
        return tr("State");
    default:
        return {};
    }
}

} // namespace sandglass::models
