#pragma once

#include "ui/widgets/celldelegate.h"

namespace sandglass::ui {

/// A budget's row: used of limit, a bar with its percentage, the state by shape, word and colour.
class BudgetDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    using CellDelegate::CellDelegate;

    /// "$8.02 of $10.00", "101 of 100", "12 m 04 s of 10 m 00 s".
    [[nodiscard]] static QString usedText(const QModelIndex &index);

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;
};

/// What is planned: countdown, action, sandbox, reason.
class PlannedDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    using CellDelegate::CellDelegate;

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;
};

/// A line of the audit log.
class AuditDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    using CellDelegate::CellDelegate;

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;
};

} // namespace sandglass::ui
