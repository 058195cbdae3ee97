#pragma once

class QWidget;

namespace sandglass::ui {

/// Version, licence, what the program is built on.
void showAboutDialog(QWidget *parent);

} // namespace sandglass::ui
