#include "ui/widgets/wheelguard.h"

#include <QEvent>
#include <QWidget>

namespace sandglass::ui {

namespace {

class WheelGuard final : public QObject
{
public:
    using QObject::QObject;

    bool eventFilter(QObject *watched, QEvent *event) override
    {
        if (event->type() != QEvent::Wheel || static_cast<QWidget *>(watched)->hasFocus())
            return false;
        event->ignore(); // so that the parent gets it
        return true;
    }
};

} // namespace

void guardFromWheel(QWidget *field)
{
    field->setFocusPolicy(Qt::StrongFocus); // not by the wheel
    field->installEventFilter(new WheelGuard(field));
}

} // namespace sandglass::ui
