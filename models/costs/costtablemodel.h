#pragma once

#include "models/sandboxes/foldscan.h"
#include "services/core/money.h"
#include "services/core/time.h"

#include <QAbstractTableModel>
#include <QTimer>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandglass::lifecycle {
class Picture;
}

namespace sandglass::models {

class TimeWindow;

/// What was spent within a time window, by template or by sandbox, dearest first.
class CostTableModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum class Grouping { Template, Sandbox };
    enum Column { NameColumn, AmountColumn, ShareColumn, RuntimeColumn, CountColumn, CertaintyColumn, ColumnCount };
    enum Role {
        AmountPicoRole = Qt::UserRole + 1, ///< qint64; invalid when unknown
        RuntimeMsRole,                     ///< qint64 milliseconds of running
        ShareRole,                         ///< double, 0-1 of the window's total
        IsRestRole,                        ///< bool: the last row, of the sandboxes that have none of their own
        IsShortRole, ///< bool: running time and count leave out sandboxes that ended long ago; the amount does not
    };
    static constexpr int maximumRows = 1'000; ///< sandboxes; the cheaper ones are summed up in one row, the last

    CostTableModel(lifecycle::Picture &picture, TimeWindow &window, Grouping grouping, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;

    [[nodiscard]] Money total() const { return m_total; }
    [[nodiscard]] bool isCurrent() const { return m_isCurrent; } ///< the rows are those of the window asked for
    void refresh();                                              ///< in slices: see FoldScan
    /// Rows are only kept up to date while somebody looks.
    void setActive(bool active);

Q_SIGNALS:
    void totalChanged();

private:
    struct Row
    {
        QString name;
        std::optional<Money> amount;
        qint64 runtimeMs = 0;
        int count = 0;
        bool isConfirmed = true;
        bool isPartial = false;
        bool isRest = false;
        bool isShort = false;
        bool operator==(const Row &) const = default;
    };
    void readAnew();
    void count(const lifecycle::Sandbox &sandbox);
    void addColdTemplates();
    void publish();

    lifecycle::Picture &m_picture;
    TimeWindow &m_window;
    Grouping m_grouping;
    std::vector<Row> m_rows;
    Money m_total;
    bool m_isCurrent = false;
    QTimer m_ticker;

    // Of a scan under way
    FoldScan m_scan;
    Timestamp m_from{};
    Timestamp m_to{};
    std::unordered_map<std::string, Row> m_groups;
};

} // namespace sandglass::models
