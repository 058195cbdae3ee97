#include "ui/widgets/sparkline.h"

#include "ui/theme/theme.h"

#include <QPainter>
#include <QPolygonF>

#include <utility>

namespace sandglass::ui {

Sparkline::Sparkline(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setMinimumWidth(60);
    if (const Theme *theme = Theme::instance())
        connect(theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

QSize Sparkline::sizeHint() const
{
    return {160, 36};
}

void Sparkline::setPoints(QList<QPointF> points)
{
    if (m_points == points)
        return;
    m_points = std::move(points);
    update();
}

void Sparkline::paintEvent(QPaintEvent *)
{
    const Tokens &tokens = Theme::tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF area = QRectF(rect()).adjusted(0.5, 1.5, -1.5, -1.5);
    painter.setPen(tokens.grid);
    painter.drawLine(area.bottomLeft(), area.bottomRight());
    if (m_points.isEmpty())
        return;
    painter.setClipRect(rect());
    const auto place = [&area](const QPointF &point) {
        return QPointF(area.left() + point.x() * area.width(), area.bottom() - point.y() * area.height());
    };
    QPolygonF line;
    for (const QPointF &point : m_points)
        line << place(point);
    const QColor colour = tokens.series.value(0, tokens.accent);
    QColor below = colour;
    below.setAlphaF(0.15F);
    QPolygonF filled = line;
    filled << QPointF(line.last().x(), area.bottom()) << QPointF(line.first().x(), area.bottom());
    painter.setPen(Qt::NoPen);
    painter.setBrush(below);
    painter.drawPolygon(filled);
    painter.setPen(QPen(colour, 1.4));
    painter.setBrush(Qt::NoBrush);
    painter.drawPolyline(line);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawEllipse(line.last(), 2, 2); // a single sample is seen as well
}

} // namespace sandglass::ui
