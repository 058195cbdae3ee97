#pragma once

#include <initializer_list>

class QFrame;
class QLabel;
class QPushButton;

namespace sandglass::ui {

/// Gives `banner` the look of one: its sentence, which wraps, at the left, and `buttons` at the right.
void layOutBanner(QFrame &banner, QLabel *sentence, std::initializer_list<QPushButton *> buttons);

} // namespace sandglass::ui
