#include "models/budgets/auditmodel.h"

#include "models/budgets/guarddesk.h"
#include "services/core/qtstring.h"

namespace sandglass::models {

AuditModel::AuditModel(GuardDesk &desk, QObject *parent) : QAbstractTableModel(parent)
{
    connect(&desk, &GuardDesk::auditAdded, this, &AuditModel::add);
}

void AuditModel::add(const std::vector<cost::AuditEntry> &entries)
{
    const std::size_t count = std::min(entries.size(), maximumRows);
    if (count == 0)
        return;
    beginInsertRows({}, 0, static_cast<int>(count) - 1);
    m_entries.insert(m_entries.begin(), entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count));
    endInsertRows();
    if (m_entries.size() > maximumRows) {
        beginRemoveRows({}, static_cast<int>(maximumRows), rowCount() - 1);
        m_entries.resize(maximumRows);
        endRemoveRows();
    }
}

int AuditModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_entries.size());
}

int AuditModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

bool AuditModel::isUndoable(std::size_t row) const
{
    const cost::AuditEntry &entry = m_entries[row];
    if (entry.who != "guard" || entry.verb != "pause" || entry.answer != "ok")
        return false;
    for (std::size_t newer = 0; newer < row; ++newer) {
        if (m_entries[newer].target == entry.target && m_entries[newer].answer == "ok")
            return false; // paused again, resumed or killed since
    }
    return true;
}

QVariant AuditModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const cost::AuditEntry &entry = at(index.row());
    switch (role) {
    case Qt::DisplayRole:
    case Qt::ToolTipRole:
        switch (index.column()) {
        case WhoColumn:
            return toQString(entry.who);
        case VerbColumn:
            return toQString(entry.verb);
        case TargetColumn:
            return toQString(entry.target);
        case WhyColumn:
            return toQString(entry.why);
        case AnswerColumn:
            return toQString(entry.answer);
        default:
            return {};
        }
    case TimeMsRole:
        return static_cast<qint64>(toUnixMs(entry.at));
    case IsUndoableRole:
        return isUndoable(static_cast<std::size_t>(index.row()));
    default:
        return {};
    }
}

QVariant AuditModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case TimeColumn:
        return tr("Time");
    case WhoColumn:
        return tr("Who");
    case VerbColumn:
        return tr("Did");
    case TargetColumn:
        return tr("Sandbox");
    case WhyColumn:
        return tr("Why");
    case AnswerColumn:
        return tr("Answer");
    default:
        return {};
    }
}

} // namespace sandglass::models
