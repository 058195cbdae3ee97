#include "ui/timetravel/timeslider.h"

#include "ui/charts/chartscale.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sandglass::ui {

namespace {

constexpr int handleRadius = 7;
constexpr int lineHeight = 4;
constexpr int lineY = handleRadius + 3;
constexpr int labelTop = 2 * lineY + 1;
constexpr int labelHeight = 15;
constexpr int labelGap = 10;

} // namespace

TimeSlider::TimeSlider(const QString &objectName, QWidget *parent) : QSlider(Qt::Horizontal, parent)
{
    setObjectName(objectName);
    setAccessibleName(tr("Moment in history"));
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(this, &QAbstractSlider::valueChanged, this, [this](int value) {
        describe();
        Q_EMIT momentChosen(value >= maximum() ? m_to : m_from + std::chrono::seconds(value));
    });
    connect(Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void TimeSlider::setSpan(Timestamp from, Timestamp to)
{
    const bool wasAtEnd = value() >= maximum();
    const Timestamp moment = m_from + std::chrono::seconds(value());
    m_from = from;
    m_to = std::max(to, from + std::chrono::seconds(1));
    const auto length = std::chrono::ceil<std::chrono::seconds>(m_to - m_from).count();
    const QSignalBlocker quiet(this);
    setRange(0, static_cast<int>(std::min<std::int64_t>(length, std::numeric_limits<int>::max())));
    setMoment(wasAtEnd ? m_to : moment);
    update();
}

void TimeSlider::setMoment(Timestamp moment)
{
    if (isSliderDown())
        return; // the hand knows better
    const QSignalBlocker quiet(this);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(moment - m_from).count();
    setValue(moment >= m_to ? maximum() : static_cast<int>(std::clamp<std::int64_t>(seconds, 0, maximum())));
    describe();
    update();
}

void TimeSlider::describe()
{
    setAccessibleDescription(value() >= maximum() ? tr("now") : formatDateTime(m_from + std::chrono::seconds(value())));
}

QSize TimeSlider::sizeHint() const
{
    return {400, labelTop + labelHeight};
}

QSize TimeSlider::minimumSizeHint() const
{
    return {160, labelTop + labelHeight};
}

ChartScale TimeSlider::scale() const
{
    return {QRectF(handleRadius + 2, 0, std::max(1, width() - 2 * (handleRadius + 2)), height()), m_from, m_to, 1};
}

QPoint TimeSlider::pointOf(Timestamp moment) const
{
    return {static_cast<int>(std::lround(scale().x(moment))), lineY};
}

int TimeSlider::valueAt(qreal x) const
{
    const QRectF plot = scale().plot();
    const double share = std::clamp((x - plot.left()) / plot.width(), 0.0, 1.0);
    return static_cast<int>(std::lround(share * maximum()));
}

void TimeSlider::choose(int value)
{
    setValue(value);
    update();
}

void TimeSlider::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return event->ignore();
    setSliderDown(true);
    choose(valueAt(event->position().x()));
}

void TimeSlider::mouseMoveEvent(QMouseEvent *event)
{
    if (isSliderDown())
        choose(valueAt(event->position().x()));
}

void TimeSlider::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton)
        setSliderDown(false);
}

bool TimeSlider::event(QEvent *event)
{
    if (event->type() != QEvent::ToolTip)
        return QSlider::event(event);
    const auto *help = static_cast<QHelpEvent *>(event); // NOLINT: its type says so
    QToolTip::showText(help->globalPos(), formatDateTime(scale().timeAt(help->pos().x())), this);
    return true;
}

void TimeSlider::paintEvent(QPaintEvent *)
{
    const Tokens &t = Theme::tokens();
    const ChartScale chart = scale();
    const QRectF plot = chart.plot();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const double share = maximum() > 0 ? static_cast<double>(value()) / maximum() : 1;
    const QPointF handle(plot.left() + share * plot.width(), lineY);
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.border);
    painter.drawRoundedRect(QRectF(plot.left(), lineY - lineHeight / 2.0, plot.width(), lineHeight), 2, 2);
    painter.setBrush(t.accent);
    painter.drawRoundedRect(QRectF(plot.left(), lineY - lineHeight / 2.0, handle.x() - plot.left(), lineHeight), 2, 2);
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(t.accent, 1.5));
        painter.drawEllipse(handle, handleRadius + 2, handleRadius + 2);
        painter.setPen(Qt::NoPen);
        painter.setBrush(t.accent);
    }
    painter.drawEllipse(handle, handleRadius, handleRadius);

    painter.setFont(Theme::uiFont(11));
    painter.setPen(t.muted);
    const QFontMetrics metrics(painter.font());
    const QString end = tr("now");
    const qreal endLeft = width() - metrics.horizontalAdvance(end);
    painter.drawText(QRectF(endLeft, labelTop, width() - endLeft, labelHeight), Qt::AlignCenter, end);
    qreal reached = 0;
    for (const Timestamp tick : chart.timeTicks()) {
        const QString label = chart.timeLabel(tick);
        const qreal labelWidth = metrics.horizontalAdvance(label);
        const qreal left = chart.x(tick) - labelWidth / 2;
        if (left < reached || left + labelWidth + labelGap > endLeft)
            continue;
        painter.drawLine(QPointF(chart.x(tick), lineY + lineHeight), QPointF(chart.x(tick), labelTop));
        painter.drawText(QRectF(left, labelTop, labelWidth + 1, labelHeight), Qt::AlignCenter, label);
        reached = left + labelWidth + labelGap;
    }
}

} // namespace sandglass::ui
