#include "ui/charts/steppedchart.h"

#include "ui/charts/chartexport.h"
#include "ui/charts/chartscale.h"
#include "ui/theme/theme.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace sandglass::ui {

QColor seriesColor(int index)
{
    const QList<QColor> &colors = Theme::tokens().series;
    return colors.at(index % colors.size());
}

SteppedChart::SteppedChart(const QString &name, const QString &objectName, QWidget *parent)
    : QWidget(parent), m_name(name)
{
    setObjectName(objectName);
    setAccessibleName(name);
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    connect(Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void SteppedChart::extendMenu(QMenu &) {}

void SteppedChart::setStep(int step)
{
    if (step == m_step)
        return;
    m_step = step;
    describe();
    update();
}

void SteppedChart::onDataChanged()
{
    if (m_step >= stepCount())
        m_step = -1;
    describe();
    update();
}

void SteppedChart::describe()
{
    setAccessibleDescription(description());
}

std::optional<int> SteppedChart::stepAfter(int key) const
{
    const int last = stepCount() - 1;
    if (last < 0)
        return std::nullopt;
    switch (key) {
    case Qt::Key_Left:
        return m_step < 0 ? last : std::max(0, m_step - 1);
    case Qt::Key_Right:
        return std::min(last, m_step + 1);
    case Qt::Key_Home:
        return 0;
    case Qt::Key_End:
        return last;
    default:
        return std::nullopt;
    }
}

void SteppedChart::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setFont(Theme::uiFont(11));
    paintChart(painter);
    if (hasFocus()) {
        painter.setPen(QPen(Theme::tokens().accent, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    }
}

void SteppedChart::paintGuide(QPainter &painter, const ChartScale &chart, qreal x)
{
    painter.setPen(QPen(Theme::tokens().muted, 1, Qt::DashLine));
    painter.drawLine(QPointF(x, chart.plot().top()), QPointF(x, chart.plot().bottom()));
}

QPointF SteppedChart::paintCard(QPainter &painter, const ChartScale &chart, qreal left, qreal right, QSizeF size,
                                const QString &title) const
{
    const Tokens &t = Theme::tokens();
    QPointF corner(right, chart.plot().top() + 2);
    if (corner.x() + size.width() > width())
        corner.setX(std::max(0.0, left - size.width()));
    painter.setPen(t.border);
    painter.setBrush(t.raised);
    painter.drawRoundedRect(QRectF(corner, size), 6, 6);
    painter.setPen(t.muted);
    painter.drawText(corner + QPointF(12, 18), title);
    return corner;
}

void SteppedChart::mouseMoveEvent(QMouseEvent *event)
{
    setStep(stepAt(event->position().x()));
}

void SteppedChart::leaveEvent(QEvent *)
{
    setStep(-1);
}

void SteppedChart::contextMenuEvent(QContextMenuEvent *event)
{
    QMenu menu;
    menu.addAction(tr("Save as picture…"), this, [this] { saveChartPicture(*this, m_name); });
    menu.addAction(tr("Save data as CSV…"), this, [this] { saveChartData(*this, m_name, table()); });
    extendMenu(menu);
    menu.exec(event->globalPos());
}

void SteppedChart::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape)
        return setStep(-1);
    if (const std::optional<int> step = stepAfter(event->key()))
        return setStep(*step);
    QWidget::keyPressEvent(event);
}

} // namespace sandglass::ui
