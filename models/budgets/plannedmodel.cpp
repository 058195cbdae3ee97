#include "models/budgets/plannedmodel.h"

#include "models/budgets/guarddesk.h"
#include "services/core/qtstring.h"

#include <algorithm>

using namespace std::chrono_literals;

namespace sandglass::models {

PlannedModel::PlannedModel(GuardDesk &desk, QObject *parent) : QAbstractTableModel(parent), m_desk(desk), m_ticker(this)
{
    connect(&m_desk, &GuardDesk::reported, this, &PlannedModel::reload);
    connect(&m_ticker, &QTimer::timeout, this, [this] {
        Q_EMIT dataChanged(index(0, LeftColumn), index(rowCount() - 1, LeftColumn));
        Q_EMIT ticked();
    });
}

void PlannedModel::reload()
{
    if (m_desk.report()->planned == m_planned)
        return;
    beginResetModel();
    m_planned = m_desk.report()->planned;
    endResetModel();
    if (m_planned.empty())
        m_ticker.stop();
    else if (!m_ticker.isActive())
        m_ticker.start(1s);
    Q_EMIT ticked();
}

int PlannedModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_planned.size());
}

int PlannedModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

std::size_t PlannedModel::totalCount() const
{
    return m_desk.report() ? m_desk.report()->plannedCount : 0;
}

bool PlannedModel::isHeld() const
{
    return m_desk.report() && m_desk.report()->isStale;
}

qint64 PlannedModel::leftMs(const cost::PlannedAction &action) const
{
    return std::max<qint64>(0, std::chrono::ceil<std::chrono::milliseconds>(action.dueAt - m_desk.now()).count());
}

QVariant PlannedModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const cost::PlannedAction &action = m_planned[static_cast<std::size_t>(index.row())];
    switch (role) {
    case Qt::DisplayRole:
    case Qt::ToolTipRole:
        if (index.column() == ActionColumn)
            return action.action == cost::Budget::Action::Kill ? tr("kill") : tr("pause");
        if (index.column() == TargetColumn)
            return toQString(action.sandboxId);
        if (index.column() == WhyColumn)
            return toQString(action.why);
        return {};
    case CauseRole:
        return toQString(action.cause);
    case SandboxRole:
        return toQString(action.sandboxId);
    case LeftMsRole:
        return leftMs(action);
    default:
        return {};
    }
}

QVariant PlannedModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case LeftColumn:
        return tr("In");
    case ActionColumn:
        return tr("Action");
    case TargetColumn:
        return tr("Sandbox");
    case WhyColumn:
        return tr("Why");
    default:
        return {};
    }
}

} // namespace sandglass::models
