#pragma once

#include <QSize>

class QWidget;

namespace sandglass::ui {

/// Gives a window that is not shown yet this size, or as much of it as its screen has room for beside the frame.
void setFirstSize(QWidget &window, QSize wanted);

} // namespace sandglass::ui
