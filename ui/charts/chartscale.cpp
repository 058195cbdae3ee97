#include "ui/charts/chartscale.h"

#include "services/core/displayzone.h"

#include <QDateTime>

#include <array>
#include <cmath>

using namespace std::chrono_literals;

namespace sandglass::ui {

namespace {

constexpr int wantedSteps = 4;
constexpr qreal labelRoom = 84; ///< pixels a time label and its gap take

/// The smallest of 1, 2, 2.5, 5 x 10^n that is not below `raw`.
double roundStep(double raw)
{
    if (raw <= 0 || !std::isfinite(raw))
        return 0.25;
    const double magnitude = std::pow(10.0, std::floor(std::log10(raw)));
    for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
        if (factor * magnitude >= raw * 0.999999)
            return factor * magnitude;
    }
    return 10 * magnitude;
}

std::chrono::minutes tickSpacing(Timestamp::duration span, int fits)
{
    constexpr std::array<std::chrono::minutes, 14> spacings = {1min, 2min, 5min, 10min, 15min, 30min, 1h,
                                                               2h,   3h,   6h,   12h,   24h,   48h,   168h};
    for (const auto spacing : spacings) {
        if (span / spacing <= fits)
            return spacing;
    }
    return spacings.back();
}

} // namespace

ChartScale::ChartScale(QRectF plot, Timestamp from, Timestamp to, double highest)
    : m_plot(plot), m_from(from), m_to(std::max(to, from + 1ms)), m_step(roundStep(highest / wantedSteps))
{
    const double steps = std::isfinite(highest) ? std::ceil(highest / m_step - 1e-9) : wantedSteps;
    m_top = m_step * std::max(1.0, steps);
}

qreal ChartScale::x(Timestamp time) const
{
    return m_plot.left()
        + m_plot.width() * static_cast<double>((time - m_from).count()) / static_cast<double>((m_to - m_from).count());
}

qreal ChartScale::y(double value) const
{
    return m_plot.bottom() - m_plot.height() * value / m_top;
}

Timestamp ChartScale::timeAt(qreal x) const
{
    const double share = (x - m_plot.left()) / m_plot.width();
    return m_from
        + Timestamp::duration(static_cast<Timestamp::rep>(share * static_cast<double>((m_to - m_from).count())));
}

int ChartScale::bucketAt(qreal x, int count) const
{
    if (x < m_plot.left() || x >= m_plot.right() || count <= 0)
        return -1;
    return static_cast<int>((x - m_plot.left()) / m_plot.width() * count);
}

QList<double> ChartScale::valueTicks() const
{
    QList<double> ticks;
    for (int i = 0; m_step * i <= m_top * 1.000001; ++i)
        ticks << m_step * i;
    return ticks;
}

QList<Timestamp> ChartScale::timeTicks() const
{
    const int fits = std::max(1, static_cast<int>(m_plot.width() / labelRoom));
    const auto spacing = tickSpacing(m_to - m_from, fits);
    const qint64 stepMs = std::chrono::milliseconds(spacing).count();
    // Ticks stand on round times of the person's clock, also where the zone is off by half an hour.
    const qint64 fromMs = toUnixMs(m_from);
    const qint64 offsetMs = DisplayZone::at(m_from).offsetFromUtc() * 1000LL;
    qint64 tick = ((fromMs + offsetMs + stepMs - 1) / stepMs) * stepMs - offsetMs;
    QList<Timestamp> ticks;
    for (; tick <= toUnixMs(m_to); tick += stepMs)
        ticks << fromUnixMs(tick);
    return ticks;
}

QString ChartScale::timeLabel(Timestamp tick) const
{
    const QDateTime local = DisplayZone::at(tick);
    return m_to - m_from > 48h ? local.toString(QStringLiteral("d MMM")) : local.toString(QStringLiteral("HH:mm"));
}

} // namespace sandglass::ui
