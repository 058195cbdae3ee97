#pragma once

#include "models/settings/connectionsmodel.h"

#include <QStyledItemDelegate>

namespace sandglass::ui {

/// One connection of the list: name, whether it is in use, whether it can be used.
class ConnectionDelegate final : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

/// The outcome of "Test connection" in words, and the label role that colours it.
[[nodiscard]] std::pair<QString, QString> testText(const models::ConnectionsModel::Row &row);

} // namespace sandglass::ui
