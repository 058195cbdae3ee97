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
    paintCell(*painter, option.rect.adjusted(metrics::cellPadding, 0, -metrics::cellPadding, -1), index);
    painter->restore();
}

void CellDelegate::paintText(QPainter &painter, const QRect &area, const QString &text, const QColor &color,
                             Qt::Alignment alignment)
{
    painter.setPen(color);
    painter.drawText(area, static_cast<int>(alignment | Qt::AlignVCenter) | Qt::TextSingleLine,
                     painter.fontMetrics().elidedText(text, Qt::ElideRight, area.width()));
}

void CellDelegate::paintShare(QPainter &painter, const QRect &area, double share)
{
    const Tokens &t = Theme::tokens();
    const QRectF bar(area.left(), area.center().y() - 2, area.width() - 46, 5);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.grid);
    painter.drawRoundedRect(bar, 2.5, 2.5);
    painter.setBrush(t.accent);
    painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()), 2.5, 2.5);
    const int digits = share >= 0.1 || share == 0 ? 0 : share >= 0.001 ? 1 : share >= 0.0001 ? 2 : 3;
    paintText(painter, area, QStringLiteral("%1 %").arg(share * 100, 0, 'f', digits), t.muted, Qt::AlignRight);
}

void CellDelegate::paintMono(QPainter &painter, const QRect &area, const QString &text, const QColor &color)
{
    painter.setFont(Theme::monoFont());
    paintText(painter, area, text, color);
}

} // namespace sandglass::ui
