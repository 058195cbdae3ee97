#include "models/analytics/templateusagemodel.h"

#include "models/analytics/analytics.h"
#include "services/core/qtstring.h"

#include <algorithm>
#include <utility>

namespace sandglass::models {

TemplateUsageModel::TemplateUsageModel(Analytics &analytics, QObject *parent)
    : QAbstractTableModel(parent), m_analytics(analytics)
{
    connect(&m_analytics, &Analytics::changed, this, &TemplateUsageModel::take);
}

int TemplateUsageModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int TemplateUsageModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant TemplateUsageModel::toolTip(const TemplateUsage &row, int column)
{
    const RunFigures &runs = row.runs;
    if (column == AmountColumn && row.isPartial)
        return tr("The size of some stretch of running is not known; it is left out of the sum.");
    if (column == PassedColumn && runs.count > 0)
        return tr("%1 passed, %2 failed, %3 timed out, %4 stopped, %5 unknown")
            .arg(runs.passed)
            .arg(runs.failed)
            .arg(runs.timedOut)
            .arg(runs.stopped)
            .arg(runs.unknown);
    if ((column == RunCostColumn || column == PerPassedColumn) && runs.unpriced > 0)
        return runs.unpriced == 1
            ? tr("The cost of one run is not known; it is left out of the sum.")
            : tr("The cost of %1 runs is not known; it is left out of the sum.").arg(runs.unpriced);
    return {};
}

QVariant TemplateUsageModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const TemplateUsage &row = at(index.row());
    if (role == ShareRole)
        return row.cost && !m_total.isZero() ? row.cost->toDollars() / m_total.toDollars() : 0.0;
    if (role == Qt::ToolTipRole)
        return toolTip(row, index.column());
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case NameColumn:
        return toQString(row.name);
    case StartsColumn:
        return static_cast<qint64>(row.starts);
    case EndedColumn:
        return static_cast<qint64>(row.ended);
    case FailuresColumn:
        return static_cast<qint64>(row.failures);
    case TimeoutsColumn:
        return static_cast<qint64>(row.timeouts);
    case RunsColumn:
        return static_cast<qint64>(row.runs.count);
    case PassedColumn:
        return static_cast<qint64>(row.runs.passed);
    default:
        return {};
    }
}

QVariant TemplateUsageModel::explanationOf(int column)
{
    switch (column) {
    case StartsColumn:
        return tr("Created and resumed in this window");
    case LifetimeColumn:
        return tr("Median from created to ended, of those that ended in this window");
    case FailuresColumn:
        return tr("Lost, or killed for a reason that is neither their timeout nor anybody's wish");
    case TimeoutsColumn:
        return tr("Killed by their own timeout");
    case RunsColumn:
        return tr("Runs of code that ended in this window");
    case PassedColumn:
        return tr("Runs of code without an error, whose output was as expected");
    case RunTimeColumn:
        return tr("Median of the runs of code");
    case RunCostColumn:
        return tr("What the sandboxes cost while code ran in them; a part of their cost, nothing on top of it");
    case PerPassedColumn:
        return tr("Cost of all runs of code, for each one that passed");
    default:
        return {};
    }
}

QVariant TemplateUsageModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole && section != NameColumn)
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole)
        return explanationOf(section);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case NameColumn:
        return tr("Template");
    case StartsColumn:
        return tr("Starts");
    case RunningColumn:
        return tr("Running");
    case AmountColumn:
        return tr("Cost");
    case ShareColumn:
        return tr("Share");
    case LifetimeColumn:
        return tr("Lifetime");
    case EndedColumn:
        return tr("Ended");
    case FailuresColumn:
        return tr("Failures");
    case TimeoutsColumn:
        return tr("Timeouts");
    case RunsColumn:
        return tr("Runs");
    case PassedColumn:
        return tr("Passed");
    case RunTimeColumn:
        return tr("Run time");
    case RunCostColumn:
        return tr("Run cost");
    case PerPassedColumn:
        return tr("Per passed");
    default:
        return {};
    }
}

void TemplateUsageModel::sort(int column, Qt::SortOrder order)
{
    m_sortColumn = column;
    m_sortOrder = order;
    Q_EMIT layoutAboutToBeChanged({}, VerticalSortHint);
    std::vector<std::string> names;
    const auto persistent = persistentIndexList();
    for (const QModelIndex &index : persistent)
        names.push_back(at(index.row()).name);
    this->order(m_rows);
    QModelIndexList moved;
    for (qsizetype i = 0; i < persistent.size(); ++i) {
        const auto row = std::ranges::find(m_rows, names[static_cast<std::size_t>(i)], &TemplateUsage::name);
        moved << index(static_cast<int>(row - m_rows.begin()), persistent[i].column());
    }
    changePersistentIndexList(persistent, moved);
    Q_EMIT layoutChanged({}, VerticalSortHint);
}

void TemplateUsageModel::order(std::vector<TemplateUsage> &rows) const
{
    const auto less = [this](const TemplateUsage &a, const TemplateUsage &b) {
        switch (m_sortColumn) {
        case StartsColumn:
            return a.starts < b.starts;
        case RunningColumn:
            return a.running < b.running;
        case LifetimeColumn:
            return a.medianLifetime < b.medianLifetime;
        case EndedColumn:
            return a.ended < b.ended;
        case FailuresColumn:
            return a.failures < b.failures;
        case TimeoutsColumn:
            return a.timeouts < b.timeouts;
        case RunsColumn:
            return a.runs.count < b.runs.count;
        case PassedColumn:
            return a.runs.passed < b.runs.passed;
        case RunTimeColumn:
            return a.runs.medianDuration < b.runs.medianDuration;
        case RunCostColumn:
            return a.runs.cost < b.runs.cost;
        case PerPassedColumn:
            return a.runs.costPerPassed() < b.runs.costPerPassed();
        case NameColumn:
            return a.name < b.name;
        default: // the share is in the order of the cost
            return a.cost < b.cost;
        }
    };
    std::ranges::stable_sort(rows, {}, &TemplateUsage::name);
    std::ranges::stable_sort(rows, [&](const TemplateUsage &a, const TemplateUsage &b) {
        return m_sortOrder == Qt::AscendingOrder ? less(a, b) : less(b, a);
    });
}

void TemplateUsageModel::take()
{
    if (!m_analytics.latest()) {
        beginResetModel();
        m_rows.clear();
        endResetModel();
        return;
    }
    std::vector<TemplateUsage> rows = m_analytics.latest()->templates;
    if (rows.size() > maximumRows)
        rows.resize(maximumRows);
    m_total = m_analytics.latest()->total;
    order(rows);
    if (std::ranges::equal(rows, m_rows, {}, &TemplateUsage::name, &TemplateUsage::name)) {
        m_rows = std::move(rows);
        if (!m_rows.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
        return;
    }
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

} // namespace sandglass::models
