#include "models/runs/attemptsmodel.h"

#include <algorithm>

namespace sandglass::models {

namespace {

std::size_t sizeOf(const std::vector<e2b::ExecutionResult> &results)
{
    std::size_t size = 0;
    for (const e2b::ExecutionResult &result : results) {
        for (const auto &[format, value] : result.formats)
            size += format.size() + value.size();
    }
    return size;
}

int numberOf(const std::shared_ptr<const AttemptRow> &row)
{
    return row->number;
}

} // namespace

int AttemptsModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

const AttemptRow &AttemptsModel::at(int row) const
{
    return *m_rows[m_rows.size() - 1 - static_cast<std::size_t>(row)];
}

QVariant AttemptsModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const AttemptRow &attempt = at(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return tr("Attempt %1").arg(attempt.number);
    case NumberRole:
        return attempt.number;
    case VerdictRole:
        return static_cast<int>(attempt.verdict);
    default:
        return {};
    }
}

const AttemptRow *AttemptsModel::byNumber(int number) const
{
    const auto found = std::ranges::find(m_rows, number, numberOf);
    return found == m_rows.end() ? nullptr : found->get();
}

void AttemptsModel::put(AttemptRow attempt)
{
    add(std::move(attempt));
    std::size_t bytes = 0;
    for (auto row = m_rows.rbegin(); row != m_rows.rend(); ++row) {
        const std::size_t size = sizeOf((*row)->results);
        bytes += size;
        if (bytes <= resultBytes || size == 0 || row == m_rows.rbegin())
            continue;
        AttemptRow without = **row;
        without.results.clear();
        *row = std::make_shared<const AttemptRow>(std::move(without));
    }
}

void AttemptsModel::add(AttemptRow attempt)
{
    const auto known = std::ranges::find(m_rows, attempt.number, numberOf);
    if (known != m_rows.end()) {
        *known = std::make_shared<const AttemptRow>(std::move(attempt));
        const QModelIndex changed = index(rowCount() - 1 - static_cast<int>(known - m_rows.begin()));
        Q_EMIT dataChanged(changed, changed);
        return;
    }
    if (rowCount() == capacity) {
        beginRemoveRows({}, capacity - 1, capacity - 1);
        m_rows.erase(m_rows.begin());
        endRemoveRows();
    }
    beginInsertRows({}, 0, 0);
    m_rows.push_back(std::make_shared<const AttemptRow>(std::move(attempt)));
    endInsertRows();
}

void AttemptsModel::setRows(Rows rows)
{
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

} // namespace sandglass::models
