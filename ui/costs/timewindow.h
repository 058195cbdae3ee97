#pragma once

#include "ui/widgets/segmentedcontrol.h"

#include <chrono>

namespace sandglass::ui {

/// "1 h | 8 h | 24 h | 7 d": how far back charts and sums look.
[[nodiscard]] SegmentedControl *makeTimeWindowControl(const QString &objectName);
[[nodiscard]] std::chrono::milliseconds timeWindowAt(int index);

} // namespace sandglass::ui
