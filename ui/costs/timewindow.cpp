#include "ui/costs/timewindow.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>

using namespace std::chrono_literals;

namespace sandglass::ui {

namespace {

constexpr std::array<std::chrono::milliseconds, 4> windows = {1h, 8h, 24h, 168h};

} // namespace

SegmentedControl *makeTimeWindowControl(const QString &objectName)
{
    const auto tr = [](const char *text) { return QCoreApplication::translate("TimeWindow", text); };
    return new SegmentedControl({tr("1 h"), tr("8 h"), tr("24 h"), tr("7 d")}, objectName);
}

std::chrono::milliseconds timeWindowAt(int index)
{
    return windows[static_cast<std::size_t>(std::clamp(index, 0, static_cast<int>(windows.size()) - 1))];
}

} // namespace sandglass::ui
