#pragma once

#include "services/core/result.h"
#include "services/lifecycle/quarantine.h"

#include <QAbstractTableModel>

#include <vector>

namespace sandglass::lifecycle {
class Receiver;
}

namespace sandglass::models {

/// The deliveries that the receiver refused (or took with a mark), newest first, with the doctor's word on each.
class QuarantineModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { TimeColumn, ReasonColumn, StatusColumn, SenderColumn, DiagnosisColumn, ColumnCount };

    explicit QuarantineModel(QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;

    [[nodiscard]] const lifecycle::QuarantineEntry &at(int row) const { return m_rows[static_cast<std::size_t>(row)]; }
    [[nodiscard]] int rowOf(std::int64_t id) const; ///< -1 when unknown
    [[nodiscard]] const lifecycle::Quarantine::Counts &counts() const { return m_counts; }
    /// What was wrong with the newest and what to do; empty when there is none.
    [[nodiscard]] QString lastRefusal() const;
    [[nodiscard]] QString receiverUrl() const; ///< empty without a receiver
    /// Whether taking it after all may work: a whole body that was signed, and that was refused.
    [[nodiscard]] static bool canRetry(const lifecycle::QuarantineEntry &entry);

    void setReceiver(lifecycle::Receiver *receiver); ///< null = none; call before it goes
    void refresh();                                  ///< copies the entries when there is something new
    /// Judges the delivery again with the secrets of now, and takes it when it fits; retried() follows.
    void retry(std::int64_t id);
    void remove(std::int64_t id);
    void clear();

Q_SIGNALS:
    void countsChanged();
    /// True = stored, false = the journal had it.
    void retried(qint64 id, const sandglass::Result<bool> &outcome);

private:
    lifecycle::Receiver *m_receiver = nullptr;
    std::vector<lifecycle::QuarantineEntry> m_rows;
    lifecycle::Quarantine::Counts m_counts;
    std::uint64_t m_revision = 0;
};

} // namespace sandglass::models
