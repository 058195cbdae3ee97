#pragma once

#include "models/costs/costranking.h"
#include "models/sandboxes/foldscan.h"
#include "services/core/mailbox.h"
#include "services/core/money.h"
#include "services/core/time.h"
#include "services/core/workthread.h"
#include "services/lifecycle/coldusage.h"

#include <QAbstractTableModel>
#include <QStringList>
#include <QTimer>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sandglass::lifecycle {
class Picture;
}

namespace sandglass::models {

class ColdCosts;
class TimeWindow;

/// What was spent within the time that the charts show of a window (TimeWindow::aligned), by template, by sandbox, by
/// the values of a metadata key, dearest first, or by day of the program's zone, newest first. The rows add up to the
/// total exactly: what has no row of its own stands in the last one.
class CostTableModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum class Grouping { Template, Sandbox, Metadata, Day };
    enum Column { NameColumn, AmountColumn, ShareColumn, RuntimeColumn, CountColumn, CertaintyColumn, ColumnCount };
    enum Role {
        AmountPicoRole = Qt::UserRole + 1, ///< qint64; invalid when unknown
        RuntimeMsRole,                     ///< qint64 milliseconds of running; invalid when unknown
        ShareRole,                         ///< double, 0-1 of the window's total
        IsNamedRole,                       ///< bool: the name is a template's, a sandbox's or a value, no words of ours
    };
    static constexpr int maximumRows = 1'000; ///< the cheaper ones share a row
    static constexpr int maximumKeys = 100;

    /// Without `cold`, sandboxes that the picture has sums of only are one row.
    CostTableModel(lifecycle::Picture &picture, TimeWindow &window, Grouping grouping, ColdCosts *cold = nullptr,
                   QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;

    [[nodiscard]] Grouping grouping() const { return m_grouping; }
    [[nodiscard]] Money total() const { return m_total; }
    /// What is known of the total, and what it can still become.
    struct Figures
    {
        Money confirmed; ///< of stretches whose execution time the provider has told
        Money estimated; ///< of the others, by the times of events
        Money reserved;  ///< the most that is to come for what runs now, until its timeouts
        int running = 0;
        int withoutEnd = 0; ///< of `running`: no timeout or no size is known, which `reserved` leaves out
    };
    [[nodiscard]] const Figures &figures() const { return m_figures; }
    [[nodiscard]] std::optional<Money> amountOf(int row) const; ///< exact; empty when unknown
    /// Of Grouping::Metadata: the key, without which there are no rows; and those that have been seen, in order.
    void setKey(const QString &key);
    [[nodiscard]] const QString &key() const { return m_key; }
    [[nodiscard]] const QStringList &keys() const { return m_keys; }

    void refresh(); ///< in slices: see FoldScan
    /// Rows are only kept up to date while somebody looks.
    void setActive(bool active);
    [[nodiscard]] bool isCurrent() const { return m_isCurrent; }       ///< the rows are those of the window asked for
    [[nodiscard]] bool isReading() const { return m_isReading; }       ///< sandboxes of long ago
    [[nodiscard]] const QString &failure() const { return m_failure; } ///< why those cannot be read; empty: they can

Q_SIGNALS:
    void totalChanged();
    void readingChanged(); ///< isReading(), failure()
    void keysChanged();

private:
    using Group = lifecycle::ColdUsage::Group;
    using Answer = lifecycle::ColdUsage::Answer;
    /// What a scan is about, and what it adds to.
    struct Question
    {
        Timestamp from{}, to{};
        std::size_t leftOut = 0;
        QString key;
        std::vector<lifecycle::ColdUsage::Day> days; ///< of Grouping::Day
        bool operator==(const Question &) const = default;
    };

    void askCold(const Question &question);
    void hear(const Question &question, const Result<Answer> &answer);
    void setReading(bool isReading, const QString &failure);
    void cancel();
    void forgetCold();
    void count(const lifecycle::Sandbox &sandbox);
    [[nodiscard]] Group shareOf(const lifecycle::Sandbox &sandbox, Timestamp from, Timestamp to) const;
    void countReserved(const lifecycle::Sandbox &sandbox);
    void rank();
    void show(const Question &question, RankedCosts ranked, const Figures &counted);
    void noteKeys(const std::set<std::string> &keys);
    [[nodiscard]] QString nameOf(const CostRow &row) const;
    [[nodiscard]] QString certaintyOf(const CostRow &row) const;

    lifecycle::Picture &m_picture;
    TimeWindow &m_window;
    Grouping m_grouping;
    ColdCosts *m_cold;
    QString m_key;
    QStringList m_keys;
    bool m_hasAskedKeys = false;
    std::vector<CostRow> m_rows;
    Money m_total;
    Figures m_figures;
    QTimer m_ticker;
    bool m_isCurrent = false;
    bool m_isReading = false;
    QString m_failure;

    Question m_next;                            ///< of the scan to come
    std::optional<Question> m_asked;            ///< what m_coldAnswer is about, or will be
    std::shared_ptr<const Answer> m_coldAnswer; ///< null: not known (yet)

    // Of a scan under way
    FoldScan m_scan;
    Question m_present;
    CostSums m_sums;
    std::size_t m_groupCount = 0; ///< of the last one
    Figures m_counted;            ///< of what runs
    std::set<std::string> m_seenKeys;

    // Of sums of many groups, which a thread puts in order
    Mailbox m_ranked;
    int m_rankingRound = 0;                      ///< what was posted in an earlier one is forgotten
    std::unique_ptr<WorkThread> m_rankingThread; ///< last: posts to the mailbox until it has ended
};

} // namespace sandglass::models
