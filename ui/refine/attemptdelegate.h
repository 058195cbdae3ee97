#pragma once

#include "models/runs/attemptsmodel.h"

#include <QColor>
#include <QStyledItemDelegate>

namespace sandglass::ui {

/// An attempt as a card: verdict by shape, word and colour; author, duration, cost, lines added and removed.
class AttemptDelegate final : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    bool helpEvent(QHelpEvent *event, QAbstractItemView *view, const QStyleOptionViewItem &option,
                   const QModelIndex &index) override; ///< the cost with every digit
};

struct VerdictMark
{
    QString shape;
    QString words;
    QColor colour;
};
[[nodiscard]] VerdictMark verdictMark(const models::AttemptRow &attempt);

} // namespace sandglass::ui
