#pragma once

#include "models/sandboxes/sandboxfilter.h"
#include "models/sandboxes/sortedrows.h"
#include "services/core/money.h"
#include "services/core/time.h"
#include "services/cost/meter.h"

#include <QAbstractTableModel>
#include <QElapsedTimer>
#include <QTimer>

#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace sandglass::lifecycle {
class Picture;
}

namespace sandglass::models {

/// Sandboxes of the fold, filtered and sorted by the model itself: a proxy announces every scattered row by itself,
/// which takes seconds at ten thousand. Running figures move once a second.
class SandboxListModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column {
        StateColumn,
        IdColumn,
        TemplateColumn,
        AgeColumn,
        LeftColumn,
        SizeColumn,
        CostColumn,
        MetadataColumn,
        ColumnCount
    };
    enum Role {
        IdRole = Qt::UserRole + 1,
        StateRole,      ///< lifecycle::SandboxState as int
        AgeMsRole,      ///< qint64 milliseconds since it was created (until it ended)
        LeftMsRole,     ///< qint64; invalid when there is no countdown
        CostPicoRole,   ///< qint64 pico-dollars; invalid when unknown
        KillReasonRole, ///< text, empty when not killed
        EndedMsRole,    ///< qint64 time of the end; invalid while it lives
        EarlyMsRole,    ///< qint64 how long before its planned end it was gone unasked; invalid when it was not
        PlannedMsRole,  ///< qint64 time of the end that was told last; invalid when none was
    };

    explicit SandboxListModel(lifecycle::Picture &picture, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    void sort(int column, Qt::SortOrder order) final;

    void setFilter(SandboxFilter filter);
    [[nodiscard]] const SandboxFilter &filter() const { return m_filter; }
    [[nodiscard]] int totalCount() const; ///< before the filter
    [[nodiscard]] bool hasOlder() const;  ///< sandboxes that ended longer ago than all of these are not among them
    [[nodiscard]] int liveCount() const;  ///< running and paused, before the filter
    [[nodiscard]] int rowOf(const QString &id) const; ///< -1 when it is not shown
    [[nodiscard]] const lifecycle::Sandbox *at(int row) const;
    /// How its cost so far comes about; without parts of unknown size.
    [[nodiscard]] std::vector<cost::CostPart> costParts(int row) const;
    /// What running for `length` from now on costs; empty when the size is not known.
    [[nodiscard]] std::optional<Money> priceOfRunning(int row, std::chrono::seconds length) const;

Q_SIGNALS:
    void countsChanged();

private:
    using Key = SortedRows::Key;
    using Row = SortedRows::Row;
    [[nodiscard]] Key keyOf(const lifecycle::Sandbox &sandbox) const;
    [[nodiscard]] QVariant display(const lifecycle::Sandbox &sandbox, int column) const;
    [[nodiscard]] qint64 ageMs(const lifecycle::Sandbox &sandbox) const;
    [[nodiscard]] std::optional<qint64> leftMs(const lifecycle::Sandbox &sandbox) const;
    void rebuild(); ///< another filter, or the replay is over
    void refresh();
    void take(const std::vector<std::string> &changed);
    void put(const std::string &id);
    void takeMany();
    void inNewOrder(const std::function<void()> &change); ///< the same rows; selection and current row stay with them
    void change(Row &row, Key key);
    void tick();

    lifecycle::Picture &m_picture;
    SandboxFilter m_filter;
    int m_sortColumn = AgeColumn;
    Qt::SortOrder m_sortOrder = Qt::AscendingOrder; ///< youngest first
    SortedRows m_rows;                              ///< shown
    QTimer m_ticker;
    std::unordered_set<std::string> m_changed; ///< many, until m_takeLater
    QTimer m_takeLater;
    QElapsedTimer m_sinceTaken;   ///< many changes
    QElapsedTimer m_sinceRefresh; ///< all
};

} // namespace sandglass::models
