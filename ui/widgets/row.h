#pragma once

#include <initializer_list>

class QHBoxLayout;
class QWidget;

namespace sandglass::ui {

/// Lays `widgets` out in `box` from left to right, `spacing` pixels apart and without margins, for a part of a page
/// whose margins the page gives. More can be added to what it returns.
QHBoxLayout *makeRow(QWidget *box, int spacing, std::initializer_list<QWidget *> widgets = {});

/// Buttons above what they act on: as wide as they want, the free room at the right.
[[nodiscard]] QWidget *makeButtonBar(std::initializer_list<QWidget *> buttons);

} // namespace sandglass::ui
