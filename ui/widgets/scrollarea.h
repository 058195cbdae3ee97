#pragma once

class QWidget;

namespace sandglass::ui {

/// Shows `content` (owned from now on) as wide as there is room, and scrolls up and down where it is higher.
[[nodiscard]] QWidget *makeScrollArea(QWidget *content);

} // namespace sandglass::ui
