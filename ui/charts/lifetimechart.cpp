#include "ui/charts/lifetimechart.h"

#include "ui/charts/chartaxes.h"
#include "ui/costs/csv.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QLocale>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sandglass::ui {

namespace {

constexpr double fewestCounts = 4; ///< counts below it would give ticks between whole numbers
constexpr int barGap = 2;

QString axisCount(double count)
{
    return formatCount(std::llround(count));
}

std::int64_t totalOf(const LifetimeChart::Counts &counts)
{
    return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

QString percent(std::int64_t part, std::int64_t whole)
{
    return QStringLiteral("%1 %").arg(whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole),
                                      0, 'f', 0);
}

} // namespace

LifetimeChart::LifetimeChart(const QString &name, const QString &objectName, QWidget *parent)
    : SteppedChart(name, objectName, parent)
{
    onDataChanged();
}

void LifetimeChart::setCounts(const Counts &counts)
{
    if (counts == m_counts)
        return;
    m_counts = counts;
    onDataChanged();
}

QString LifetimeChart::edgeText(std::size_t step)
{
    return step == 0 ? tr("0 s") : formatLeft(models::lifetimeSteps[step]);
}

QString LifetimeChart::rangeText(std::size_t step)
{
    return step + 1 < models::lifetimeSteps.size() ? tr("%1 to %2").arg(edgeText(step), edgeText(step + 1))
                                                   : tr("%1 and more").arg(edgeText(step));
}

QByteArray LifetimeChart::csv(const Counts &counts)
{
    QString text = csvRecord({QStringLiteral("from_seconds"), QStringLiteral("to_seconds"), QStringLiteral("sandboxes"),
                              QStringLiteral("share")});
    const auto total = static_cast<double>(std::max<std::int64_t>(1, totalOf(counts)));
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const bool hasEnd = i + 1 < counts.size();
        text += csvRecord(
            {QString::number(models::lifetimeSteps[i].count()),
             hasEnd ? QString::number(models::lifetimeSteps[i + 1].count()) : QString(), QString::number(counts[i]),
             QString::number(static_cast<double>(counts[i]) / total, 'g', QLocale::FloatingPointShortest)});
    }
    return text.toUtf8();
}

ChartScale LifetimeChart::scale() const
{
    const double highest = std::max(fewestCounts, static_cast<double>(*std::ranges::max_element(m_counts)));
    return scaleWithin(size(), {}, {}, highest, axisCount);
}

int LifetimeChart::stepCount() const
{
    return static_cast<int>(m_counts.size());
}

int LifetimeChart::stepAt(qreal x) const
{
    return scale().bucketAt(x, stepCount());
}

QRectF LifetimeChart::barArea(const ChartScale &chart, int step) const
{
    const qreal slot = chart.plot().width() / static_cast<qreal>(m_counts.size());
    const qreal top = chart.y(static_cast<double>(m_counts[static_cast<std::size_t>(step)]));
    return {chart.plot().left() + slot * step + barGap / 2.0, top, slot - barGap, chart.plot().bottom() - top};
}

void LifetimeChart::paintChart(QPainter &painter) const
{
    const ChartScale chart = scale();
    paintValueAxis(painter, chart, axisCount);
    paintEdges(painter, chart);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    for (int i = 0; i < stepCount(); ++i) {
        QColor fill = seriesColor(0);
        fill.setAlphaF(i == currentStep() ? 1.0F : 0.72F);
        painter.setBrush(fill);
        painter.drawRect(barArea(chart, i));
    }
    if (currentStep() >= 0)
        paintReadOut(painter, chart);
}

void LifetimeChart::paintEdges(QPainter &painter, const ChartScale &chart) const
{
    const QRectF plot = chart.plot();
    painter.setPen(Theme::tokens().faint);
    const qreal slot = plot.width() / static_cast<qreal>(m_counts.size());
    qreal free = 0;
    for (int i = 0; i < stepCount(); ++i) { // a time stands under the edge that it is, where there is room
        const QString text = edgeText(static_cast<std::size_t>(i));
        const qreal width = painter.fontMetrics().horizontalAdvance(text);
        const qreal left = std::max(0.0, plot.left() + slot * i - width / 2);
        if (left < free || left + width > plot.right())
            continue;
        painter.drawText(QRectF(left, plot.bottom() + 5, width + 2, 16), Qt::AlignLeft | Qt::AlignTop, text);
        free = left + width + 8;
    }
}

void LifetimeChart::paintReadOut(QPainter &painter, const ChartScale &chart) const
{
    const auto step = static_cast<std::size_t>(currentStep());
    const std::int64_t total = totalOf(m_counts);
    const std::int64_t upTo = std::accumulate(m_counts.begin(), m_counts.begin() + currentStep() + 1, std::int64_t{0});
    const std::array<std::pair<QString, QString>, 2> rows = {
        std::pair(tr("sandboxes"), tr("%1 · %2").arg(formatCount(m_counts[step]), percent(m_counts[step], total))),
        std::pair(tr("so long or shorter"), percent(upTo, total))};
    constexpr QSizeF size(230, 62);
    const QRectF bar = barArea(chart, currentStep());
    const QPointF corner = paintCard(painter, chart, bar.left() - 8, bar.right() + 8, size, rangeText(step));
    painter.setPen(Theme::tokens().text);
    qreal top = corner.y() + 24;
    for (const auto &[word, value] : rows) {
        const QRectF row(corner.x() + 12, top, size.width() - 24, 16);
        painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, word);
        painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, value);
        top += 17;
    }
}

QString LifetimeChart::description() const
{
    const std::int64_t total = totalOf(m_counts);
    if (total == 0)
        return tr("no data");
    const auto most = static_cast<std::size_t>(std::ranges::max_element(m_counts) - m_counts.begin());
    QString text = tr("%1 sandboxes, most of them %2").arg(formatCount(total), rangeText(most));
    if (currentStep() >= 0) {
        const auto step = static_cast<std::size_t>(currentStep());
        text += u"; " + rangeText(step) + u": " + formatCount(m_counts[step]);
    }
    return text;
}

} // namespace sandglass::ui
