#include "ui/charts/chartaxes.h"

#include "ui/theme/theme.h"

#include <QFontMetrics>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <optional>

namespace sandglass::ui {

namespace {

constexpr int topRoom = 8, bottomRoom = 22, labelGap = 10;
constexpr int leastLabelWidth = 24; ///< keeps the plots of charts beside each other in line while values are short
constexpr int leastPlot = 10;

} // namespace

ChartScale scaleWithin(QSize size, Timestamp from, Timestamp to, double highest, const ValueText &text, int legendRoom)
{
    if (highest <= 0)
        highest = 1;
    const QFontMetrics metrics(Theme::uiFont(11));
    int labels = leastLabelWidth;
    for (const double tick : ChartScale(QRectF(0, 0, leastPlot, leastPlot), from, to, highest).valueTicks())
        labels = std::max(labels, metrics.horizontalAdvance(text(tick)));
    const int left = labels + labelGap;
    const int top = topRoom + legendRoom;
    return {QRectF(left, top, std::max(leastPlot, size.width() - left - chartRightRoom),
                   std::max(leastPlot, size.height() - top - bottomRoom)),
            from, to, highest};
}

void paintValueAxis(QPainter &painter, const ChartScale &chart, const ValueText &text, qreal leastGap)
{
    const Tokens &t = Theme::tokens();
    const QRectF plot = chart.plot();
    std::optional<qreal> last;
    for (const double value : chart.valueTicks()) {
        const qreal y = std::round(chart.y(value)) + 0.5;
        if (last && *last - y < leastGap)
            continue;
        last = y;
        painter.setPen(t.grid);
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
        painter.setPen(t.faint);
        painter.drawText(QRectF(0, y - 8, plot.left() - 8, 16), Qt::AlignRight | Qt::AlignVCenter, text(value));
    }
}

void paintTimeAxis(QPainter &painter, const ChartScale &chart)
{
    const QRectF plot = chart.plot();
    painter.setPen(Theme::tokens().faint);
    for (const Timestamp tick : chart.timeTicks()) {
        const qreal x = std::clamp(chart.x(tick), plot.left() + 16, plot.right() - 18);
        painter.drawText(QRectF(x - 40, plot.bottom() + 5, 80, 16), Qt::AlignHCenter | Qt::AlignTop,
                         chart.timeLabel(tick));
    }
}

} // namespace sandglass::ui
