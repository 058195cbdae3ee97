#pragma once

#include <QStyledItemDelegate>

namespace sandglass::ui {

/// Rows of the template table: build status by shape, word and colour, dates and counts for people.
class TemplateDelegate final : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

} // namespace sandglass::ui
