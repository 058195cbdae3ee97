#pragma once

#include "models/analytics/analysis.h"

#include <QAbstractTableModel>

#include <vector>

namespace sandglass::models {

class Analytics;

/// How much each template was used within the time window, dearest first unless sorted otherwise.
class TemplateUsageModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column {
        NameColumn,
        StartsColumn,
        RunningColumn,
        AmountColumn,
        ShareColumn,
        LifetimeColumn,
        EndedColumn,
        FailuresColumn,
        TimeoutsColumn,
        RunsColumn, ///< of code, as the following
        PassedColumn,
        RunTimeColumn,
        RunCostColumn,
        PerPassedColumn,
        ColumnCount
    };
    enum Role { ShareRole = Qt::UserRole + 1 /**< double, 0-1 of all templates shown */ };
    static constexpr std::size_t maximumRows = 1'000; ///< the cheaper ones are left out

    explicit TemplateUsageModel(Analytics &analytics, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    void sort(int column, Qt::SortOrder order) final;

    [[nodiscard]] const TemplateUsage &at(int row) const { return m_rows[static_cast<std::size_t>(row)]; }

private:
    [[nodiscard]] static QVariant toolTip(const TemplateUsage &row, int column);
    [[nodiscard]] static QVariant explanationOf(int column); ///< for its header
    void take();
    void order(std::vector<TemplateUsage> &rows) const;

    Analytics &m_analytics;
    std::vector<TemplateUsage> m_rows;
    Money m_total;
    int m_sortColumn = AmountColumn;
    Qt::SortOrder m_sortOrder = Qt::DescendingOrder;
};

} // namespace sandglass::models
