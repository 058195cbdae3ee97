#pragma once

#include <QAbstractTableModel>

#include <string>
#include <vector>

namespace sandglass::cost {
struct Budget;
struct BudgetUsage;
} // namespace sandglass::cost

namespace sandglass::models {

class GuardDesk;

/// The budgets with how far each is used up in its period.
class BudgetListModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column {
        NameColumn,
        ScopeColumn,
        UsedColumn,
        ShareColumn,
        PeriodColumn,
        ActionColumn,
        StateColumn,
        ColumnCount
    };
    enum Role {
        IdRole = Qt::UserRole + 1,
        MeasureRole,  ///< cost::Budget::Measure as int
        UsedRole,     ///< qint64: pico-dollars, sandboxes or seconds; invalid while not known
        LimitRole,    ///< qint64 in the same unit
        ShareRole,    ///< double, 1 = all of it; invalid while not known
        StateRole,    ///< State as int
        UnpricedRole, ///< sandboxes of unknown size, left out of UsedRole
    };
    enum class State { Waiting, Off, Fine, Near, Over };

    explicit BudgetListModel(GuardDesk &desk, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    [[nodiscard]] const cost::Budget &at(int row) const;
    [[nodiscard]] int rowOf(const QString &id) const; ///< -1 when there is none
    [[nodiscard]] int overCount() const;

    [[nodiscard]] static QString scopeText(const cost::Budget &budget);

private:
    void reload();
    [[nodiscard]] const cost::BudgetUsage *usageOf(const cost::Budget &budget) const;
    [[nodiscard]] State stateOf(const cost::Budget &budget) const;
    [[nodiscard]] QString text(const cost::Budget &budget, int column) const;

    GuardDesk &m_desk;
    std::vector<std::string> m_ids; ///< rows, as long as the desk's budgets are the same
};

} // namespace sandglass::models
