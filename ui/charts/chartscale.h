#pragma once

#include "services/core/time.h"

#include <QList>
#include <QRectF>
#include <QString>

#include <chrono>

namespace sandglass::ui {

/// Value and time to pixels and back, and where the ticks stand. The value axis starts at zero.
class ChartScale final
{
public:
    ChartScale(QRectF plot, Timestamp from, Timestamp to, double highest);

    [[nodiscard]] const QRectF &plot() const { return m_plot; }
    [[nodiscard]] double top() const { return m_top; } ///< value at the upper edge: a round number
    [[nodiscard]] qreal x(Timestamp time) const;
    [[nodiscard]] qreal y(double value) const;
    [[nodiscard]] Timestamp timeAt(qreal x) const;
    /// Index of the bucket of `count` equal ones under `x`; -1 outside.
    [[nodiscard]] int bucketAt(qreal x, int count) const;

    [[nodiscard]] QList<double> valueTicks() const;        ///< 0 to top(), at most five steps
    [[nodiscard]] QList<Timestamp> timeTicks() const;      ///< on round local times, as many as fit without touching
    [[nodiscard]] QString timeLabel(Timestamp tick) const; ///< "14:00", or "20 Aug" for long spans

private:
    QRectF m_plot;
    Timestamp m_from;
    Timestamp m_to;
    double m_top = 1;
    double m_step = 0.25;
};

} // namespace sandglass::ui
