#include "ui/widgets/firstsize.h"

#include <QScreen>
#include <QWidget>

namespace sandglass::ui {

void setFirstSize(QWidget &window, QSize wanted)
{
    constexpr QSize frame(16, 48); // the real one is known once the window is shown
    const QSize room = window.screen()->availableSize() - frame;
    window.resize(wanted.boundedTo(room).expandedTo(window.minimumSizeHint()));
}

} // namespace sandglass::ui
