#include "ui/charts/timelineview.h"

#include "models/sandboxes/timelinemodel.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace sandglass::ui {

using models::TimelineModel;

namespace {

constexpr int axisHeight = 22;
constexpr int nameWidth = 180; // ids beside the lanes, where lanes are high enough to read them
constexpr int readableLane = 14;
constexpr int dragThreshold = 5;
constexpr double endMarkWidth = 3;

QColor colorOf(lifecycle::SandboxState state)
{
    const Tokens &t = Theme::tokens();
    switch (state) {
    case lifecycle::SandboxState::Running:
        return t.run;
    case lifecycle::SandboxState::Paused:
        return t.pause;
    case lifecycle::SandboxState::Lost:
        return t.err;
    default:
        return t.dead;
    }
}

} // namespace

TimelineView::TimelineView(TimelineModel &model, const QString &objectName, QWidget *parent)
    : QAbstractScrollArea(parent), m_model(model)
{
    setObjectName(objectName);
    setAccessibleName(tr("Lifecycle timeline"));
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    viewport()->setMouseTracking(true);
    connect(&m_model, &TimelineModel::changed, this, &TimelineView::onChanged);
    connect(Theme::instance(), &Theme::changed, viewport(), qOverload<>(&QWidget::update));
}

void TimelineView::onChanged()
{
    updateScrollBar();
    setAccessibleDescription(tr("sandboxes: %1, from %2 to %3")
                                 .arg(formatCount(static_cast<std::int64_t>(m_model.lanes().size())),
                                      formatDateTime(m_model.from()), formatDateTime(m_model.to())));
    viewport()->update();
}

void TimelineView::setLaneHeight(int pixels)
{
    const int bounded = std::clamp(pixels, lowestLane, highestLane);
    if (bounded == m_laneHeight)
        return;
    const double middle = (verticalScrollBar()->value() + viewport()->height() / 2.0) / m_laneHeight;
    m_laneHeight = bounded;
    updateScrollBar();
    verticalScrollBar()->setValue(static_cast<int>(middle * m_laneHeight - viewport()->height() / 2.0));
    viewport()->update();
}

void TimelineView::updateScrollBar()
{
    const int content = static_cast<int>(m_model.lanes().size()) * m_laneHeight;
    const int page = std::max(1, viewport()->height() - axisHeight);
    verticalScrollBar()->setPageStep(page);
    verticalScrollBar()->setSingleStep(m_laneHeight);
    verticalScrollBar()->setRange(0, std::max(0, content - page));
}

void TimelineView::resizeEvent(QResizeEvent *event)
{
    QAbstractScrollArea::resizeEvent(event);
    updateScrollBar();
}

ChartScale TimelineView::scale() const
{
    const int left = m_laneHeight >= readableLane ? nameWidth : 8;
    return {QRectF(left, axisHeight, std::max(10, viewport()->width() - left - 8), viewport()->height() - axisHeight),
            m_model.from(), m_model.to(), 1};
}

int TimelineView::laneTop(int lane) const
{
    return axisHeight + lane * m_laneHeight - verticalScrollBar()->value();
}

int TimelineView::laneAt(int y) const
{
    if (y < axisHeight)
        return -1;
    const int lane = (y - axisHeight + verticalScrollBar()->value()) / m_laneHeight;
    return lane < static_cast<int>(m_model.lanes().size()) ? lane : -1;
}

void TimelineView::paintEvent(QPaintEvent *)
{
    QPainter painter(viewport());
    painter.setFont(Theme::uiFont(11));
    const ChartScale chart = scale();
    paintAxis(painter, chart);
    painter.setClipRect(0, axisHeight, viewport()->width(), viewport()->height() - axisHeight);
    const int first = verticalScrollBar()->value() / m_laneHeight;
    const int last = std::min(static_cast<int>(m_model.lanes().size()) - 1,
                              first + (viewport()->height() - axisHeight) / m_laneHeight + 1);
    for (int lane = first; lane <= last; ++lane)
        paintLane(painter, chart, lane, QRect(0, laneTop(lane), viewport()->width(), m_laneHeight));
    if (m_dragFrom) {
        QColor veil = Theme::tokens().accent;
        veil.setAlphaF(0.2F);
        painter.fillRect(QRect(QPoint(std::min(*m_dragFrom, m_dragTo), axisHeight),
                               QPoint(std::max(*m_dragFrom, m_dragTo), viewport()->height())),
                         veil);
    }
}

void TimelineView::paintAxis(QPainter &painter, const ChartScale &chart) const
{
    const Tokens &t = Theme::tokens();
    for (const Timestamp tick : chart.timeTicks()) {
        const qreal x = std::round(chart.x(tick)) + 0.5;
        painter.setPen(t.grid);
        painter.drawLine(QPointF(x, axisHeight), QPointF(x, viewport()->height()));
        painter.setPen(t.faint);
        const qreal middle = std::clamp(x, chart.plot().left() + 16, chart.plot().right() - 18);
        painter.drawText(QRectF(middle - 40, 2, 80, 16), Qt::AlignCenter, chart.timeLabel(tick));
    }
}

void TimelineView::paintLane(QPainter &painter, const ChartScale &chart, int lane, const QRect &row) const
{
    const Tokens &t = Theme::tokens();
    const TimelineModel::Lane &life = m_model.lanes()[static_cast<std::size_t>(lane)];
    const bool isSelected = life.sandboxId == m_selectedId;
    if (isSelected)
        painter.fillRect(row, t.sel);
    if (m_laneHeight >= readableLane) {
        painter.setFont(Theme::monoFont(11));
        painter.setPen(isSelected ? t.text : t.muted);
        painter.drawText(QRect(8, row.top(), nameWidth - 16, row.height()), Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(life.sandboxId, Qt::ElideMiddle, nameWidth - 16));
    }
    const double gap = m_laneHeight >= readableLane ? 4 : m_laneHeight > 6 ? 1 : 0;
    for (const TimelineModel::Segment &segment : life.segments) {
        const qreal left = std::max(chart.x(segment.from), chart.plot().left());
        const qreal right = std::min(chart.x(segment.to), chart.plot().right());
        if (right < chart.plot().left() || left > chart.plot().right())
            continue;
        const QRectF bar(left, row.top() + gap, std::max(1.5, right - left), row.height() - 2 * gap);
        if (segment.isRunning) {
            painter.fillRect(bar, segment.isOpen ? t.run : colorOf(lifecycle::SandboxState::Killed));
        } else {
            const qreal middle = bar.center().y();
            painter.setPen(QPen(t.pause, 1, Qt::DashLine));
            painter.drawLine(QPointF(bar.left(), middle), QPointF(bar.right(), middle));
        }
    }
    const TimelineModel::Segment &last = life.segments.back();
    if (!last.isOpen && last.to >= m_model.from() && last.to <= m_model.to() && m_laneHeight > 6)
        painter.fillRect(
            QRectF(chart.x(last.to) - endMarkWidth / 2, row.top() + gap / 2, endMarkWidth, row.height() - gap),
            life.killReason == u"timeout" ? t.warn : colorOf(life.state));
}

QString TimelineView::describe(int lane) const
{
    const TimelineModel::Lane &life = m_model.lanes()[static_cast<std::size_t>(lane)];
    std::chrono::nanoseconds running{};
    for (const TimelineModel::Segment &segment : life.segments)
        running += segment.isRunning ? segment.to - segment.from : std::chrono::nanoseconds{};
    QString text = life.sandboxId + u" · " + life.templateName + u'\n'
        + tr("from %1").arg(formatDateTime(life.segments.front().from)) + u'\n';
    if (!life.segments.back().isOpen)
        text += tr("until %1").arg(formatDateTime(life.segments.back().to))
            + (life.killReason.isEmpty() ? QString() : u" (" + life.killReason + u')') + u'\n';
    return text + tr("ran %1").arg(formatAge(std::chrono::floor<std::chrono::milliseconds>(running)));
}

bool TimelineView::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        const int lane = laneAt(help->pos().y());
        if (lane >= 0)
            QToolTip::showText(help->globalPos(), describe(lane), viewport());
        else
            QToolTip::hideText();
        return true;
    }
    return QAbstractScrollArea::viewportEvent(event);
}

void TimelineView::select(const QString &sandboxId)
{
    if (sandboxId == m_selectedId)
        return;
    m_selectedId = sandboxId;
    if (const int lane = m_model.laneOf(sandboxId); lane >= 0) {
        const int top = lane * m_laneHeight;
        const int page = verticalScrollBar()->pageStep();
        if (top < verticalScrollBar()->value())
            verticalScrollBar()->setValue(top);
        else if (top + m_laneHeight > verticalScrollBar()->value() + page)
            verticalScrollBar()->setValue(top + m_laneHeight - page);
        setAccessibleDescription(describe(lane));
    }
    viewport()->update();
    Q_EMIT selected(sandboxId);
}

void TimelineView::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    m_dragFrom = m_dragTo = event->position().toPoint().x();
}

void TimelineView::mouseMoveEvent(QMouseEvent *event)
{
    if (!m_dragFrom)
        return;
    m_dragTo = event->position().toPoint().x();
    viewport()->update();
}

void TimelineView::mouseReleaseEvent(QMouseEvent *event)
{
    if (!m_dragFrom || event->button() != Qt::LeftButton)
        return;
    const int from = *std::exchange(m_dragFrom, std::nullopt);
    viewport()->update();
    if (std::abs(m_dragTo - from) >= dragThreshold) {
        const ChartScale chart = scale();
        Q_EMIT rangeSelected(chart.timeAt(std::min(from, m_dragTo)), chart.timeAt(std::max(from, m_dragTo)));
    } else if (const int lane = laneAt(event->position().toPoint().y()); lane >= 0) {
        select(m_model.lanes()[static_cast<std::size_t>(lane)].sandboxId);
    }
}

void TimelineView::mouseDoubleClickEvent(QMouseEvent *event)
{
    const int lane = laneAt(event->position().toPoint().y());
    const bool isOnName = event->position().x() < scale().plot().left();
    if (lane >= 0 && isOnName)
        Q_EMIT activated(m_model.lanes()[static_cast<std::size_t>(lane)].sandboxId);
    else
        Q_EMIT resetRequested();
}

void TimelineView::wheelEvent(QWheelEvent *event)
{
    if (event->modifiers().testFlag(Qt::ControlModifier) && event->angleDelta().y() != 0)
        return setLaneHeight(m_laneHeight + (event->angleDelta().y() > 0 ? 2 : -2));
    QAbstractScrollArea::wheelEvent(event);
}

void TimelineView::moveSelection(int lanes)
{
    if (m_model.lanes().empty())
        return;
    const int count = static_cast<int>(m_model.lanes().size());
    const int lane = std::clamp(m_model.laneOf(m_selectedId) + lanes, 0, count - 1);
    select(m_model.lanes()[static_cast<std::size_t>(lane)].sandboxId);
}

void TimelineView::keyPressEvent(QKeyEvent *event)
{
    const int page = std::max(1, verticalScrollBar()->pageStep() / m_laneHeight);
    switch (event->key()) {
    case Qt::Key_Down:
        return moveSelection(1);
    case Qt::Key_Up:
        return moveSelection(-1);
    case Qt::Key_PageDown:
        return moveSelection(page);
    case Qt::Key_PageUp:
        return moveSelection(-page);
    case Qt::Key_Plus:
        return setLaneHeight(m_laneHeight + 2);
    case Qt::Key_Minus:
        return setLaneHeight(m_laneHeight - 2);
    case Qt::Key_Escape:
        return m_dragFrom ? static_cast<void>(m_dragFrom.reset()) : Q_EMIT resetRequested();
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (!m_selectedId.isEmpty())
            Q_EMIT activated(m_selectedId);
        return;
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

} // namespace sandglass::ui
