#include "ui/charts/forecastchart.h"

#include "services/core/displayzone.h"
#include "services/core/qtstring.h"
#include "ui/charts/chartaxes.h"
#include "ui/costs/csv.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QDateTime>
#include <QPainter>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace sandglass::ui {

namespace {

constexpr double farAbove = 4; ///< times the highest point of the curve
constexpr qreal dot = 3.5;

QString axisMoney(double dollars)
{
    return formatMoney(Money::fromPicoDollars(std::llround(dollars * 1e12)));
}

QString dayOf(Timestamp time)
{
    return DisplayZone::at(time).toString(QStringLiteral("d MMM"));
}

} // namespace

ForecastChart::ForecastChart(const QString &name, const QString &objectName, QWidget *parent)
    : SteppedChart(name, objectName, parent)
{
    onDataChanged();
}

void ForecastChart::setData(Data data)
{
    m_data = std::move(data);
    onDataChanged();
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
    return scaleWithin(size(), m_data.period.from, m_data.period.to, top, axisMoney);
}

void ForecastChart::paintChart(QPainter &painter) const
{
    const ChartScale chart = scale();
    paintValueAxis(painter, chart, axisMoney);
    paintTimeAxis(painter, chart);
    painter.setRenderHint(QPainter::Antialiasing);
    paintCurves(painter, chart);
    if (showsBudget())
        paintBudget(painter, chart);
    if (currentStep() >= 0)
        paintReadOut(painter, chart);
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
    const qreal x = chart.x(timeOf(currentStep()));
    paintGuide(painter, chart, x);
    const QString when = formatDateTime(timeOf(currentStep()));
    const QString text = textOf(currentStep());
    const QFontMetrics metrics = painter.fontMetrics();
    const QSizeF size(std::max(metrics.horizontalAdvance(when), metrics.horizontalAdvance(text)) + 24, 46);
    const QPointF corner = paintCard(painter, chart, x - 10, x + 10, size, when);
    painter.setPen(Theme::tokens().text);
    painter.drawText(corner + QPointF(12, 36), text);
}

int ForecastChart::stepAt(qreal x) const
{
    const ChartScale chart = scale();
    if (stepCount() == 0 || x < chart.plot().left() || x > chart.plot().right())
        return -1;
    const Timestamp at = chart.timeAt(x);
    int nearest = 0;
    for (int step = 1; step < stepCount(); ++step) {
        if (std::chrono::abs(timeOf(step) - at) < std::chrono::abs(timeOf(nearest) - at))
            nearest = step;
    }
    return nearest;
}

QString ForecastChart::description() const
{
    if (m_data.curve.spent.empty())
        return tr("no data");
    QString text = tr("%1 spent").arg(formatMoney(m_data.curve.spent.back().spent));
    if (!m_data.curve.ahead.empty())
        text += tr("; at the end %1").arg(textOf(stepCount() - 1));
    if (currentStep() >= 0)
        text += u"; " + formatDateTime(timeOf(currentStep())) + u": " + textOf(currentStep());
    return text;
}

} // namespace sandglass::ui
