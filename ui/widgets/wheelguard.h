#pragma once

class QWidget;

namespace sandglass::ui {

/// The wheel over `field` scrolls what it stands in, unless the field has the focus: a page that is scrolled by must
/// not change what has been entered.
void guardFromWheel(QWidget *field);

} // namespace sandglass::ui
