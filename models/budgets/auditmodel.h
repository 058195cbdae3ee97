#pragma once

#include "services/cost/auditlog.h"

#include <QAbstractTableModel>

#include <deque>
#include <set>
#include <vector>

namespace sandglass::models {

class GuardDesk;

/// What the guard did, would have done or was told, newest first.
class AuditModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { TimeColumn, WhoColumn, VerbColumn, TargetColumn, WhyColumn, AnswerColumn, ColumnCount };
    enum Role {
        TimeMsRole = Qt::UserRole + 1, ///< qint64 Unix ms
        IsUndoableRole,                ///< a pause of the guard that nobody has taken back since
    };
    static constexpr std::size_t maximumRows = 1'000; ///< older ones are in the file alone

    explicit AuditModel(GuardDesk &desk, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    [[nodiscard]] const cost::AuditEntry &at(int row) const { return m_entries[static_cast<std::size_t>(row)]; }

private:
    void add(const std::vector<cost::AuditEntry> &entries);
    [[nodiscard]] bool isUndoable(std::size_t row) const;

    std::deque<cost::AuditEntry> m_entries;
};

} // namespace sandglass::models
