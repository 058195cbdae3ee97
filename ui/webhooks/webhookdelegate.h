#pragma once

#include "ui/widgets/celldelegate.h"

namespace sandglass::ui {

/// Cells of the registrations: state by shape and word, counts at the right, its own receiver marked.
class WebhookDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    using CellDelegate::CellDelegate;

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;
};

/// Cells of the delivery log.
class DeliveryDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    using CellDelegate::CellDelegate;

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;
};

/// Cells of the callbacks.
class CallbackDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    using CellDelegate::CellDelegate;

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;
};

/// Cells of what was refused.
class RefusedDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    using CellDelegate::CellDelegate;

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;
};

} // namespace sandglass::ui
