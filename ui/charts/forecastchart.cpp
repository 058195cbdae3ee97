#include "ui/charts/forecastchart.h"

#include "services/core/qtstring.h"
#include "ui/charts/chartexport.h"
#include "ui/charts/chartscale.h"
#include "ui/charts/timechart.h"
#include "ui/costs/csv.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QContextMenuEvent>
#include <QDateTime>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace sandglass::ui {

namespace {

constexpr int bottomRoom = 22, topRoom = 8, rightRoom = 6;
constexpr double farAbove = 4; ///< times the highest point of the curve
constexpr qreal dot = 3.5;

QString axisMoney(double dollars)
{
    return formatMoney(Money::fromPicoDollars(std::llround(dollars * 1e12)));
}

QString dayOf(Timestamp time)
{
    return QDateTime::fromMSecsSinceEpoch(toUnixMs(time)).toString(QStringLiteral("d MMM"));
}

} // namespace

ForecastChart::ForecastChart(const QString &name, const QString &objectName, QWidget *parent)
    : QWidget(parent), m_name(name)
{
    setObjectName(objectName);
    setAccessibleName(name);
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    connect(Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    describe();
}

void ForecastChart::setData(Data data)
{
    m_data = std::move(data);
    if (m_step >= stepCount())
        m_step = -1;
    describe();
    update();
}

QByteArray ForecastChart::csv(const Data &data)
{
    const auto usd = [](Money money) { return toQString(money.toFixed(12)); };
    QString text = csvRecord({QStringLiteral("at"), QStringLiteral("spent_usd"), QStringLiteral("expected_usd"),
                              QStringLiteral("low_usd"), QStringLiteral("high_usd")});
    for (const auto &step : data.curve.spent)
        text += csvRecord({toQString(formatRfc3339(step.at, 3)), usd(step.spent), {}, {}, {}});
    for (const auto &step : data.curve.ahead)
        text +=
            csvRecord({toQString(formatRfc3339(step.at, 3)), {}, usd(step.expected), usd(step.low), usd(step.high)});
    return text.toUtf8();
}

Money ForecastChart::highest() const
{
    Money most;
    for (const auto &step : m_data.curve.spent)
        most = std::max(most, step.spent);
    for (const auto &step : m_data.curve.ahead)
        most = std::max(most, step.high);
    return most;
}

bool ForecastChart::showsBudget() const
{
    return m_data.budget && m_data.budget->toDollars() <= farAbove * highest().toDollars();
}

ChartScale ForecastChart::scale() const
{
    double top = highest().toDollars();
    if (showsBudget())
        top = std::max(top, m_data.budget->toDollars());
    top = top > 0 ? top : 1.0;
    const QFontMetrics metrics(Theme::uiFont(11));
    int labels = 24;
    for (const double tick : ChartScale(QRectF(0, 0, 10, 10), m_data.period.from, m_data.period.to, top).valueTicks())
        labels = std::max(labels, metrics.horizontalAdvance(axisMoney(tick)));
    const int left = labels + 10;
    return {
        QRectF(left, topRoom, std::max(10, width() - left - rightRoom), std::max(10, height() - topRoom - bottomRoom)),
        m_data.period.from, m_data.period.to, top};
}

void ForecastChart::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setFont(Theme::uiFont(11));
    const ChartScale chart = scale();
    paintAxes(painter, chart);
    painter.setRenderHint(QPainter::Antialiasing);
    paintCurves(painter, chart);
    if (showsBudget())
        paintBudget(painter, chart);
    if (m_step >= 0)
        paintReadOut(painter, chart);
    if (hasFocus()) {
        painter.setPen(QPen(Theme::tokens().accent, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    }
}

void ForecastChart::paintAxes(QPainter &painter, const ChartScale &chart) const
{
    const Tokens &t = Theme::tokens();
    const QRectF plot = chart.plot();
    for (const double value : chart.valueTicks()) {
        const qreal y = std::round(chart.y(value)) + 0.5;
        painter.setPen(t.grid);
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
        painter.setPen(t.faint);
        painter.drawText(QRectF(0, y - 8, plot.left() - 8, 16), Qt::AlignRight | Qt::AlignVCenter, axisMoney(value));
    }
    painter.setPen(t.faint);
    for (const Timestamp tick : chart.timeTicks()) {
        const qreal x = std::clamp(chart.x(tick), plot.left() + 16, plot.right() - 18);
        painter.drawText(QRectF(x - 40, plot.bottom() + 5, 80, 16), Qt::AlignHCenter | Qt::AlignTop,
                         chart.timeLabel(tick));
    }
}

void ForecastChart::paintCurves(QPainter &painter, const ChartScale &chart) const
{
    const QColor color = seriesColor(0);
    const auto point = [&chart](Timestamp at, Money money) { return QPointF(chart.x(at), chart.y(money.toDollars())); };
    QPolygonF band;
    QPolygonF expected;
    for (const auto &step : m_data.curve.ahead) {
        band << point(step.at, step.high);
        expected << point(step.at, step.expected);
    }
    for (auto step = m_data.curve.ahead.rbegin(); step != m_data.curve.ahead.rend(); ++step)
        band << point(step->at, step->low);
    QColor veil = color;
    veil.setAlphaF(0.18F);
    painter.setPen(Qt::NoPen);
    painter.setBrush(veil);
    painter.drawPolygon(band);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(color, 1.5, Qt::DashLine));
    painter.drawPolyline(expected);

    QPolygonF spent;
    for (const auto &step : m_data.curve.spent)
        spent << point(step.at, step.spent);
    if (spent.size() < 2)
        return;
    QPolygonF area = spent;
    area << QPointF(spent.back().x(), chart.plot().bottom()) << QPointF(spent.front().x(), chart.plot().bottom());
    veil.setAlphaF(0.34F);
    painter.setPen(Qt::NoPen);
    painter.setBrush(veil);
    painter.drawPolygon(area);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(color, 2));
    painter.drawPolyline(spent);
}

void ForecastChart::paintBudget(QPainter &painter, const ChartScale &chart) const
{
    const Tokens &t = Theme::tokens();
    const QRectF plot = chart.plot();
    const qreal y = std::round(chart.y(m_data.budget->toDollars())) + 0.5;
    painter.setPen(QPen(t.warn, 1, Qt::DashLine));
    painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
    // Above the line at its start, where the curve is not yet.
    painter.drawText(QPointF(plot.left() + 6, y - 5 < plot.top() + 10 ? y + 14 : y - 5),
                     tr("budget %1").arg(formatMoney(m_data.budget)));
    if (!m_data.hitAt || !m_data.period.contains(*m_data.hitAt))
        return;
    const QPointF at(chart.x(*m_data.hitAt), y);
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.warn);
    painter.drawEllipse(at, dot, dot);
    const QString word = dayOf(*m_data.hitAt);
    const qreal width = painter.fontMetrics().horizontalAdvance(word);
    painter.setPen(t.warn);
    painter.drawText(QPointF(std::min(at.x() + 6, plot.right() - width), y + 16), word);
}

int ForecastChart::stepCount() const
{
    return static_cast<int>(m_data.curve.spent.size() + m_data.curve.ahead.size());
}

Timestamp ForecastChart::timeOf(int step) const
{
    const auto at = static_cast<std::size_t>(step);
    const auto &[spent, ahead] = m_data.curve;
    return at < spent.size() ? spent[at].at : ahead[at - spent.size()].at;
}

QString ForecastChart::textOf(int step) const
{
    const auto at = static_cast<std::size_t>(step);
    const auto &[spent, ahead] = m_data.curve;
    if (at < spent.size())
        return tr("%1 spent").arg(formatMoney(spent[at].spent));
    const auto &next = ahead[at - spent.size()];
    return tr("%1 expected, %2 to %3").arg(formatMoney(next.expected), formatMoney(next.low), formatMoney(next.high));
}

void ForecastChart::paintReadOut(QPainter &painter, const ChartScale &chart) const
{
    const Tokens &t = Theme::tokens();
    const qreal x = chart.x(timeOf(m_step));
    painter.setPen(QPen(t.muted, 1, Qt::DashLine));
    painter.drawLine(QPointF(x, chart.plot().top()), QPointF(x, chart.plot().bottom()));
    const QString when = formatDateTime(timeOf(m_step));
    const QString text = textOf(m_step);
    const QFontMetrics metrics = painter.fontMetrics();
    const QSizeF size(std::max(metrics.horizontalAdvance(when), metrics.horizontalAdvance(text)) + 24, 46);
    QPointF corner(x + 10, chart.plot().top() + 2);
    if (corner.x() + size.width() > width())
        corner.setX(std::max(0.0, x - 10 - size.width()));
    painter.setPen(t.border);
    painter.setBrush(t.raised);
    painter.drawRoundedRect(QRectF(corner, size), 6, 6);
    painter.setPen(t.muted);
    painter.drawText(corner + QPointF(12, 18), when);
    painter.setPen(t.text);
    painter.drawText(corner + QPointF(12, 36), text);
}

void ForecastChart::mouseMoveEvent(QMouseEvent *event)
{
    const ChartScale chart = scale();
    const qreal x = event->position().x();
    if (stepCount() == 0 || x < chart.plot().left() || x > chart.plot().right())
        return setStep(-1);
    const Timestamp at = chart.timeAt(x);
    int nearest = 0;
    for (int step = 1; step < stepCount(); ++step) {
        if (std::chrono::abs(timeOf(step) - at) < std::chrono::abs(timeOf(nearest) - at))
            nearest = step;
    }
    setStep(nearest);
}

void ForecastChart::leaveEvent(QEvent *)
{
    setStep(-1);
}

void ForecastChart::contextMenuEvent(QContextMenuEvent *event)
{
    QMenu menu;
    menu.addAction(tr("Save as picture…"), this, [this] { saveChartPicture(*this, m_name); });
    menu.addAction(tr("Save data as CSV…"), this, [this] { saveChartData(*this, m_name, csv(m_data)); });
    menu.exec(event->globalPos());
}

void ForecastChart::keyPressEvent(QKeyEvent *event)
{
    const int last = stepCount() - 1;
    switch (event->key()) {
    case Qt::Key_Left:
        return setStep(m_step < 0 ? last : std::max(0, m_step - 1));
    case Qt::Key_Right:
        return setStep(std::min(last, m_step + 1));
    case Qt::Key_Home:
        return setStep(std::min(last, 0));
    case Qt::Key_End:
        return setStep(last);
    case Qt::Key_Escape:
        return setStep(-1);
    default:
        QWidget::keyPressEvent(event);
    }
}

void ForecastChart::setStep(int step)
{
    if (step == m_step)
        return;
    m_step = step;
    describe();
    update();
}

void ForecastChart::describe()
{
    if (m_data.curve.spent.empty())
        return setAccessibleDescription(tr("no data"));
    QString text = tr("%1 spent").arg(formatMoney(m_data.curve.spent.back().spent));
    if (!m_data.curve.ahead.empty())
        text += tr("; at the end %1").arg(textOf(stepCount() - 1));
    if (m_step >= 0)
        text += u"; " + formatDateTime(timeOf(m_step)) + u": " + textOf(m_step);
    setAccessibleDescription(text);
}

} // namespace sandglass::ui
