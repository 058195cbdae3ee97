#pragma once

#include <QStyledItemDelegate>

namespace sandglass::ui {

/// A model of ModelListModel as a line: its name, and at the right what the provider calls it.
class ModelDelegate final : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

} // namespace sandglass::ui
