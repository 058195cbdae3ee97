#pragma once

#include "ui/widgets/celldelegate.h"

namespace sandglass::ui {

/// Cells of the table of orphans. A click on the box, or Space anywhere in the row, chooses it.
class OrphanDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    using CellDelegate::CellDelegate;

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;
    bool editorEvent(QEvent *event, QAbstractItemModel *model, const QStyleOptionViewItem &option,
                     const QModelIndex &index) override;
};

} // namespace sandglass::ui
