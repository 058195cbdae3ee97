#pragma once

#include "services/cost/guard.h"

#include <QAbstractTableModel>
#include <QTimer>

#include <vector>

namespace sandglass::models {

class GuardDesk;

/// What the guard is about to do, soonest first, with a countdown that moves once a second.
class PlannedModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { LeftColumn, ActionColumn, TargetColumn, WhyColumn, ColumnCount };
    enum Role { CauseRole = Qt::UserRole + 1, SandboxRole, LeftMsRole /**< qint64, never below zero */ };

    explicit PlannedModel(GuardDesk &desk, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    [[nodiscard]] const std::vector<cost::PlannedAction> &planned() const { return m_planned; }
    [[nodiscard]] qint64 leftMs(const cost::PlannedAction &action) const;
    [[nodiscard]] std::size_t totalCount() const; ///< also those beyond the rows
    [[nodiscard]] bool isHeld() const;            ///< what is due waits for news of the sandboxes

Q_SIGNALS:
    void ticked(); ///< rows or countdowns have changed

private:
    void reload();

    GuardDesk &m_desk;
    std::vector<cost::PlannedAction> m_planned;
    QTimer m_ticker;
};

} // namespace sandglass::models
