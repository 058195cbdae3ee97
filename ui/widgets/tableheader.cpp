#include "ui/widgets/tableheader.h"

#include "ui/theme/theme.h"

#include <QPainter>
#include <QPainterPath>
#include <QStyleOptionHeader>

namespace sandglass::ui {

namespace {

constexpr int titleHeight = 34;
constexpr qreal arrowWidth = 7, arrowHeight = 4;
constexpr int arrowGap = 5;

void paintArrow(QPainter &painter, QPointF center, bool isUp)
{
    const qreal tip = isUp ? -arrowHeight / 2 : arrowHeight / 2;
    QPainterPath path(center + QPointF(-arrowWidth / 2, -tip));
    path.lineTo(center + QPointF(0, tip));
    path.lineTo(center + QPointF(arrowWidth / 2, -tip));
    painter.setRenderHint(QPainter::Antialiasing);
    painter.strokePath(path, QPen(painter.pen().color(), 1.4, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
}

} // namespace

TableHeader::TableHeader(QWidget *parent) : QHeaderView(Qt::Horizontal, parent)
{
    setSectionsClickable(true);
    setSectionsMovable(true);
    setHighlightSections(false);
    setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    setMinimumSectionSize(40);
}

void TableHeader::paintSection(QPainter *painter, const QRect &rect, int logicalIndex) const
{
    const Tokens &t = Theme::tokens();
    QStyleOptionHeader option;
    initStyleOption(&option);
    option.rect = rect;
    initStyleOptionForIndex(&option, logicalIndex);
    painter->fillRect(rect, t.surface);
    painter->setPen(t.border);
    painter->drawLine(rect.bottomLeft(), rect.bottomRight());

    const bool isHot = option.state.testFlag(QStyle::State_MouseOver) || option.state.testFlag(QStyle::State_Sunken);
    painter->setPen(isHot ? t.text : t.muted);
    painter->setFont(font());
    const bool isSorted = option.sortIndicator != QStyleOptionHeader::None;
    const bool isRight = option.textAlignment.testFlag(Qt::AlignRight);
    const int alignment = (isRight ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter | Qt::TextSingleLine;
    QRect area = rect.adjusted(metrics::cellPadding, 0, -metrics::cellPadding, -1);
    const int arrow = isSorted ? static_cast<int>(arrowWidth) + arrowGap : 0;
    const QString text = painter->fontMetrics().elidedText(option.text, Qt::ElideRight, qMax(0, area.width() - arrow));
    painter->drawText(isRight ? area : area.adjusted(0, 0, -arrow, 0), alignment, text);
    if (!isSorted)
        return;
    const int width = painter->fontMetrics().horizontalAdvance(text);
    const qreal x =
        isRight ? area.right() - width - arrowGap - arrowWidth / 2 : area.left() + width + arrowGap + arrowWidth / 2;
    paintArrow(*painter, QPointF(x, area.center().y() + 1), sortIndicatorOrder() == Qt::AscendingOrder);
}

QSize TableHeader::sectionSizeFromContents(int logicalIndex) const
{
    const QString text = model() ? model()->headerData(logicalIndex, orientation()).toString() : QString();
    const int width = fontMetrics().horizontalAdvance(text) + static_cast<int>(arrowWidth) + arrowGap;
    return {width + 2 * metrics::cellPadding, titleHeight};
}

} // namespace sandglass::ui
