#include "ui/widgets/celldelegate.h"

#include "ui/theme/theme.h"

#include <QPainter>

namespace sandglass::ui {

void CellDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    painter->save();
    painter->fillRect(option.rect, option.state.testFlag(QStyle::State_Selected) ? t.sel : t.surface);
    painter->setPen(t.grid);
    painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
    painter->setFont(option.font);
    painter->setClipRect(option.rect);
    paintCell(*painter, option.rect.adjusted(10, 0, -10, -1), index);
    painter->restore();
}

void CellDelegate::paintText(QPainter &painter, const QRect &area, const QString &text, const QColor &color,
                             Qt::Alignment alignment)
{
    painter.setPen(color);
    painter.drawText(area, static_cast<int>(alignment | Qt::AlignVCenter) | Qt::TextSingleLine,
                     painter.fontMetrics().elidedText(text, Qt::ElideRight, area.width()));
}

void CellDelegate::paintMono(QPainter &painter, const QRect &area, const QString &text, const QColor &color)
{
    painter.setFont(Theme::monoFont());
    paintText(painter, area, text, color);
}

} // namespace sandglass::ui
