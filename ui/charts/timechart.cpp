#include "ui/charts/timechart.h"

#include "ui/charts/chartexport.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

namespace sandglass::ui {

namespace {

constexpr int legendRoom = 24;
constexpr qreal labelRoom = 14;    ///< closer the labels of a flat chart would lie on each other
constexpr double fewestCounts = 4; ///< counts below it would give ticks between whole numbers

} // namespace

TimeChart::TimeChart(Kind kind, const QString &name, const QString &objectName, QWidget *parent)
    : SteppedChart(name, objectName, parent)
    , m_kind(kind)
    , m_formatter([](double value) { return QString::number(value); })
{}

void TimeChart::setData(ChartData data)
{
    std::size_t longest = 0;
    for (const ChartData::Series &series : data.series)
        longest = std::max(longest, series.values.size());
    for (ChartData::Series &series : data.series)
        series.values.resize(longest, std::numeric_limits<double>::quiet_NaN());
    if (data == m_data)
        return;
    m_data = std::move(data);
    if (m_anchor >= m_data.bucketCount())
        m_anchor = -1;
    onDataChanged();
}

void TimeChart::setFormatter(Formatter formatter)
{
    m_formatter = std::move(formatter);
    update();
}

void TimeChart::setLegendVisible(bool visible)
{
    m_hasLegend = visible;
    update();
}

void TimeChart::setWholeNumbers()
{
    m_isWhole = true;
    update();
}

QColor TimeChart::colorOf(int series) const
{
    const Tokens &t = Theme::tokens();
    switch (m_data.series[static_cast<std::size_t>(series)].tone) {
    case ChartData::Tone::Good:
        return t.run;
    case ChartData::Tone::Bad:
        return t.err;
    case ChartData::Tone::Warning:
        return t.warn;
    case ChartData::Tone::Quiet:
        return t.dead;
    case ChartData::Tone::Neutral:
        break;
    }
    return seriesColor(m_kind == Kind::Lines ? series + 2 : series);
}

void TimeChart::setLimit(double value, const QString &word)
{
    m_limit = value;
    m_limitWord = word;
    update();
}

std::vector<double> TimeChart::totals() const
{
    std::vector<double> sums(static_cast<std::size_t>(m_data.bucketCount()), 0.0);
    for (const ChartData::Series &series : m_data.series) {
        for (std::size_t i = 0; i < sums.size() && i < series.values.size(); ++i)
            if (!std::isnan(series.values[i]))
                sums[i] =
                    m_kind == Kind::StackedArea ? sums[i] + series.values[i] : std::max(sums[i], series.values[i]);
    }
    return sums;
}

ChartScale TimeChart::scale() const
{
    const std::vector<double> sums = totals();
    double highest = sums.empty() ? 0.0 : *std::ranges::max_element(sums);
    if (!m_limitWord.isEmpty())
        highest = std::max(highest, m_limit);
    if (m_kind == Kind::Lines || m_isWhole)
        highest = std::max(highest, fewestCounts);
    return scaleWithin(size(), m_data.from, m_data.to, highest, m_formatter, m_hasLegend ? legendRoom : 0);
}

Timestamp TimeChart::bucketStart(int bucket) const
{
    return m_data.from + (m_data.to - m_data.from) * bucket / std::max(1, m_data.bucketCount());
}

void TimeChart::paintChart(QPainter &painter) const
{
    const ChartScale chart = scale();
    paintValueAxis(painter, chart, m_formatter, labelRoom);
    paintTimeAxis(painter, chart);
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_kind == Kind::StackedArea)
        paintAreas(painter, chart);
    else
        paintLines(painter, chart);
    paintLimit(painter, chart);
    if (m_hasLegend)
        paintLegend(painter);
    paintSelection(painter, chart);
    if (currentStep() >= 0)
        paintReadOut(painter, chart);
}

void TimeChart::paintAreas(QPainter &painter, const ChartScale &chart) const
{
    const int count = m_data.bucketCount();
    std::vector<double> base(static_cast<std::size_t>(count), 0.0);
    const auto paintPiece = [&painter](const QColor &color, const QPolygonF &upper, QPolygonF lower) {
        if (upper.isEmpty())
            return;
        QPolygonF area = upper;
        std::ranges::reverse(lower);
        area << lower;
        QColor fill = color;
        fill.setAlphaF(0.34F);
        painter.setPen(Qt::NoPen);
        painter.setBrush(fill);
        painter.drawPolygon(area);
        painter.setPen(QPen(color, 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawPolyline(upper);
    };
    for (std::size_t s = 0; s < m_data.series.size(); ++s) {
        const QColor color = colorOf(static_cast<int>(s));
        QPolygonF upper;
        QPolygonF lower;
        for (int i = 0; i < count; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const bool isOpen = bucketStart(i + 1) > m_data.knownUntil && count > 1;
            if (isOpen || std::isnan(m_data.series[s].values[at])) {
                paintPiece(color, std::exchange(upper, {}), std::exchange(lower, {}));
                continue;
            }
            const qreal x = chart.x(bucketStart(i) + (m_data.to - m_data.from) / count / 2);
            lower << QPointF(x, chart.y(base[at]));
            base[at] += m_data.series[s].values[at];
            upper << QPointF(x, chart.y(base[at]));
        }
        paintPiece(color, upper, lower);
    }
}

void TimeChart::paintLines(QPainter &painter, const ChartScale &chart) const
{
    const int count = m_data.bucketCount();
    for (std::size_t s = 0; s < m_data.series.size(); ++s) {
        painter.setPen(QPen(colorOf(static_cast<int>(s)), 1.5));
        QPolygonF line;
        for (int i = 0; i < count; ++i) { // a step per bucket: counts do not pass through the values between
            const double value = m_data.series[s].values[static_cast<std::size_t>(i)];
            if (std::isnan(value)) {
                painter.drawPolyline(std::exchange(line, {}));
                continue;
            }
            const qreal y = chart.y(value);
            line << QPointF(chart.x(bucketStart(i)), y) << QPointF(chart.x(bucketStart(i + 1)), y);
        }
        painter.drawPolyline(line);
    }
}

void TimeChart::paintSelection(QPainter &painter, const ChartScale &chart) const
{
    if (m_anchor < 0 || currentStep() < 0)
        return;
    QColor veil = Theme::tokens().accent;
    veil.setAlphaF(0.18F);
    const qreal left = chart.x(bucketStart(std::min(m_anchor, currentStep())));
    const qreal right = chart.x(bucketStart(std::max(m_anchor, currentStep()) + 1));
    painter.fillRect(QRectF(QPointF(left, chart.plot().top()), QPointF(right, chart.plot().bottom())), veil);
}

void TimeChart::paintLimit(QPainter &painter, const ChartScale &chart) const
{
    if (m_limitWord.isEmpty())
        return;
    const Tokens &t = Theme::tokens();
    const qreal y = std::round(chart.y(m_limit)) + 0.5;
    painter.setPen(QPen(t.warn, 1, Qt::DashLine));
    painter.drawLine(QPointF(chart.plot().left(), y), QPointF(chart.plot().right(), y));
    painter.drawText(QRectF(chart.plot().left(), y - 16, chart.plot().width() - 4, 14), Qt::AlignRight, m_limitWord);
}

void TimeChart::paintLegend(QPainter &painter) const
{
    const Tokens &t = Theme::tokens();
    qreal x = width() - chartRightRoom;
    constexpr int mark = 28, widest = 160, narrowest = 36; // narrower names say nothing: the read-out names all
    const int each = static_cast<int>(x) / std::max(1, static_cast<int>(m_data.series.size())) - mark;
    int wanted = 0;
    for (const ChartData::Series &series : m_data.series)
        wanted += std::min(widest, painter.fontMetrics().horizontalAdvance(series.name)) + mark;
    const int most = wanted <= x ? widest : std::max(narrowest, each);
    for (auto s = static_cast<int>(m_data.series.size()) - 1; s >= 0; --s) {
        const QString name =
            painter.fontMetrics().elidedText(m_data.series[static_cast<std::size_t>(s)].name, Qt::ElideMiddle, most);
        const qreal textWidth = painter.fontMetrics().horizontalAdvance(name);
        x -= textWidth;
        if (x < 0)
            break; // the read-out still names every series
        painter.setPen(t.muted);
        painter.drawText(QPointF(x, 14), name);
        x -= 14;
        painter.setPen(Qt::NoPen);
        painter.setBrush(colorOf(s));
        painter.drawRect(QRectF(x, 6, 8, 8));
        x -= 14;
    }
}

void TimeChart::paintReadOut(QPainter &painter, const ChartScale &chart) const
{
    const Tokens &t = Theme::tokens();
    const Timestamp from = bucketStart(currentStep());
    const Timestamp to = bucketStart(currentStep() + 1);
    const qreal x = (chart.x(from) + chart.x(to)) / 2;
    paintGuide(painter, chart, x);

    const int rows = static_cast<int>(m_data.series.size());
    constexpr int rowHeight = 17;
    constexpr int cardWidth = 220;
    const QPointF corner = paintCard(painter, chart, x - 10, x + 10, QSizeF(cardWidth, 26 + rowHeight * rows),
                                     formatClock(from).left(5) + u" – " + formatClock(to).left(5));
    for (int s = 0; s < rows; ++s) {
        const ChartData::Series &series = m_data.series[static_cast<std::size_t>(s)];
        const qreal top = corner.y() + 24 + rowHeight * s;
        painter.setPen(Qt::NoPen);
        painter.setBrush(colorOf(s));
        painter.drawRect(QRectF(corner.x() + 12, top + 4, 8, 8));
        painter.setPen(t.text);
        painter.drawText(QRectF(corner.x() + 26, top, 110, 16), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(series.name, Qt::ElideMiddle, 110));
        const double value = series.values[static_cast<std::size_t>(currentStep())];
        painter.drawText(QRectF(corner.x() + 136, top, cardWidth - 148, 16), Qt::AlignRight | Qt::AlignVCenter,
                         std::isnan(value) ? tr("no data") : m_formatter(value));
    }
}

void TimeChart::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    m_anchor = stepAt(event->position().x());
    m_isDragging = m_anchor >= 0;
    setStep(m_anchor); // the keys may have moved it away
}

int TimeChart::stepAt(qreal x) const
{
    const ChartScale chart = scale();
    return chart.bucketAt(m_isDragging ? std::clamp(x, chart.plot().left(), chart.plot().right() - 1) : x, stepCount());
}

void TimeChart::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton || !std::exchange(m_isDragging, false))
        return;
    if (m_anchor != currentStep() && currentStep() >= 0)
        return finishSelection();
    m_anchor = -1; // a click, not a drag
    update();
}

void TimeChart::mouseDoubleClickEvent(QMouseEvent *)
{
    m_anchor = -1;
    m_isDragging = false;
    Q_EMIT resetRequested();
}

void TimeChart::leaveEvent(QEvent *event)
{
    if (!m_isDragging)
        SteppedChart::leaveEvent(event);
}

QByteArray TimeChart::table() const
{
    return chartCsv(m_data);
}

void TimeChart::extendMenu(QMenu &menu)
{
    menu.addSeparator();
    menu.addAction(tr("Show the whole window"), this, &TimeChart::resetRequested);
}

void TimeChart::keyPressEvent(QKeyEvent *event)
{
    if (event->modifiers().testFlag(Qt::ShiftModifier)) {
        if (const std::optional<int> bucket = stepAfter(event->key()))
            return extendSelection(*bucket);
    }
    if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && m_anchor >= 0 && currentStep() >= 0)
        return finishSelection();
    if (event->key() == Qt::Key_Escape) {
        if (currentStep() < 0 && m_anchor < 0)
            return Q_EMIT resetRequested();
        m_anchor = -1;
    }
    SteppedChart::keyPressEvent(event);
}

void TimeChart::extendSelection(int bucket)
{
    if (m_anchor < 0)
        m_anchor = currentStep() < 0 ? bucket : currentStep();
    setStep(bucket);
}

void TimeChart::finishSelection()
{
    const int first = std::min(m_anchor, currentStep());
    const int last = std::max(m_anchor, currentStep());
    m_anchor = -1;
    update();
    Q_EMIT rangeSelected(bucketStart(first), bucketStart(last + 1));
}

QString TimeChart::description() const
{
    const std::vector<double> sums = totals();
    if (sums.empty())
        return tr("no data");
    QString text = tr("minimum %1, maximum %2, last %3")
                       .arg(m_formatter(*std::ranges::min_element(sums)), m_formatter(*std::ranges::max_element(sums)),
                            m_formatter(sums.back()));
    if (currentStep() >= 0)
        text += u"; " + formatDateTime(bucketStart(currentStep())) + u": "
            + m_formatter(sums[static_cast<std::size_t>(currentStep())]);
    return text;
}

} // namespace sandglass::ui
