#pragma once

#include <QStyledItemDelegate>

namespace sandglass::ui {

/// Base of the tables' delegates: paints the row's ground and line, leaves the cell's content to the subclass.
class CellDelegate : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const final;

protected:
    /// `area` is the cell without its padding.
    virtual void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const = 0;

    static void paintText(QPainter &painter, const QRect &area, const QString &text, const QColor &color,
                          Qt::Alignment alignment = Qt::AlignLeft);
    /// A bar and the percent beside it; `share` 0-1.
    static void paintShare(QPainter &painter, const QRect &area, double share);
    /// Monospace, for ids and metadata.
    static void paintMono(QPainter &painter, const QRect &area, const QString &text, const QColor &color);
};

} // namespace sandglass::ui
