#include "ui/charts/lifetimechart.h"

#include "ui/charts/chartexport.h"
#include "ui/charts/chartscale.h"
#include "ui/charts/timechart.h"
#include "ui/costs/csv.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QLocale>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sandglass::ui {

namespace {

constexpr int bottomRoom = 22, topRoom = 8, rightRoom = 6;
constexpr double fewestCounts = 4; ///< counts below it would give ticks between whole numbers
constexpr int barGap = 2;
constexpr int lastStep = static_cast<int>(models::lifetimeSteps.size()) - 1;

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

void LifetimeChart::setCounts(const Counts &counts)
{
    if (counts == m_counts)
        return;
    m_counts = counts;
    describe();
    update();
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
    const QFontMetrics metrics(Theme::uiFont(11));
    const int left = std::max(24, metrics.horizontalAdvance(formatCount(std::llround(highest)))) + 10;
    return {
        QRectF(left, topRoom, std::max(10, width() - left - rightRoom), std::max(10, height() - topRoom - bottomRoom)),
        {},
        {},
        highest};
}

QRectF LifetimeChart::barArea(const ChartScale &chart, int step) const
{
    const qreal slot = chart.plot().width() / static_cast<qreal>(m_counts.size());
    const qreal top = chart.y(static_cast<double>(m_counts[static_cast<std::size_t>(step)]));
    return {chart.plot().left() + slot * step + barGap / 2.0, top, slot - barGap, chart.plot().bottom() - top};
}

void LifetimeChart::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setFont(Theme::uiFont(11));
    const ChartScale chart = scale();
    paintAxes(painter, chart);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    for (int i = 0; i <= lastStep; ++i) {
        QColor fill = seriesColor(0);
        fill.setAlphaF(i == m_step ? 1.0F : 0.72F);
        painter.setBrush(fill);
        painter.drawRect(barArea(chart, i));
    }
    if (m_step >= 0)
        paintReadOut(painter, chart);
    if (hasFocus()) {
        painter.setPen(QPen(Theme::tokens().accent, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    }
}

void LifetimeChart::paintAxes(QPainter &painter, const ChartScale &chart) const
{
    const Tokens &t = Theme::tokens();
    const QRectF plot = chart.plot();
    for (const double value : chart.valueTicks()) {
        const qreal y = std::round(chart.y(value)) + 0.5;
        painter.setPen(t.grid);
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
        painter.setPen(t.faint);
        painter.drawText(QRectF(0, y - 8, plot.left() - 8, 16), Qt::AlignRight | Qt::AlignVCenter,
                         formatCount(std::llround(value)));
    }
    painter.setPen(t.faint);
    const qreal slot = plot.width() / static_cast<qreal>(m_counts.size());
    qreal free = 0;
    for (int i = 0; i <= lastStep; ++i) { // a time stands under the edge that it is, where there is room
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
    const Tokens &t = Theme::tokens();
    const auto step = static_cast<std::size_t>(m_step);
    const std::int64_t total = totalOf(m_counts);
    const std::int64_t upTo = std::accumulate(m_counts.begin(), m_counts.begin() + m_step + 1, std::int64_t{0});
    const std::array<std::pair<QString, QString>, 2> rows = {
        std::pair(tr("sandboxes"), tr("%1 · %2").arg(formatCount(m_counts[step]), percent(m_counts[step], total))),
        std::pair(tr("so long or shorter"), percent(upTo, total))};
    constexpr QSizeF size(230, 62);
    const QRectF bar = barArea(chart, m_step);
    QPointF corner(bar.right() + 8, chart.plot().top() + 2);
    if (corner.x() + size.width() > width())
        corner.setX(std::max(0.0, bar.left() - 8 - size.width()));
    painter.setPen(t.border);
    painter.setBrush(t.raised);
    painter.drawRoundedRect(QRectF(corner, size), 6, 6);
    painter.setPen(t.muted);
    painter.drawText(corner + QPointF(12, 18), rangeText(step));
    painter.setPen(t.text);
    qreal top = corner.y() + 24;
    for (const auto &[word, value] : rows) {
        const QRectF row(corner.x() + 12, top, size.width() - 24, 16);
        painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, word);
        painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, value);
        top += 17;
    }
}

void LifetimeChart::mouseMoveEvent(QMouseEvent *event)
{
    setStep(scale().bucketAt(event->position().x(), static_cast<int>(m_counts.size())));
}

void LifetimeChart::leaveEvent(QEvent *)
{
    setStep(-1);
}

void LifetimeChart::contextMenuEvent(QContextMenuEvent *event)
{
    QMenu menu;
    menu.addAction(tr("Save as picture…"), this, [this] { saveChartPicture(*this, m_name); });
    menu.addAction(tr("Save data as CSV…"), this, [this] { saveChartData(*this, m_name, csv(m_counts)); });
    menu.exec(event->globalPos());
}

void LifetimeChart::keyPressEvent(QKeyEvent *event)
{
    switch (event->key()) {
    case Qt::Key_Left:
        return setStep(m_step < 0 ? lastStep : std::max(0, m_step - 1));
    case Qt::Key_Right:
        return setStep(std::min(lastStep, m_step + 1));
    case Qt::Key_Home:
        return setStep(0);
    case Qt::Key_End:
        return setStep(lastStep);
    case Qt::Key_Escape:
        return setStep(-1);
    default:
        QWidget::keyPressEvent(event);
    }
}

void LifetimeChart::setStep(int step)
{
    if (step == m_step)
        return;
    m_step = step;
    describe();
    update();
}

void LifetimeChart::describe()
{
    const std::int64_t total = totalOf(m_counts);
    if (total == 0)
        return setAccessibleDescription(tr("no data"));
    const auto most = static_cast<std::size_t>(std::ranges::max_element(m_counts) - m_counts.begin());
    QString text = tr("%1 sandboxes, most of them %2").arg(formatCount(total), rangeText(most));
    if (m_step >= 0) {
        const auto step = static_cast<std::size_t>(m_step);
        text += u"; " + rangeText(step) + u": " + formatCount(m_counts[step]);
    }
    setAccessibleDescription(text);
}

} // namespace sandglass::ui
