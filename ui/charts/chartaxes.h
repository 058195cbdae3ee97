#pragma once

#include "ui/charts/chartscale.h"

#include <QSize>

#include <functional>

class QPainter;

namespace sandglass::ui {

/// The axes that charts have in common: grid and labels of values at the left, times below. The painter carries the
/// font of the labels.
using ValueText = std::function<QString(double)>; ///< a value in words, e.g. "$1.20"

constexpr int chartRightRoom = 6; ///< pixels between plot and edge

/// The scale of a chart of `size` pixels. Its plot leaves room for the labels of both axes, and `legendRoom` above.
/// A `highest` of zero or less counts as one, so that an empty chart has an axis.
[[nodiscard]] ChartScale scaleWithin(QSize size, Timestamp from, Timestamp to, double highest, const ValueText &text,
                                     int legendRoom = 0);

/// Leaves out the ticks whose labels would come closer than `leastGap` pixels to the one below.
void paintValueAxis(QPainter &painter, const ChartScale &chart, const ValueText &text, qreal leastGap = 0);
void paintTimeAxis(QPainter &painter, const ChartScale &chart);

} // namespace sandglass::ui
