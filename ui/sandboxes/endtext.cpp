#include "ui/sandboxes/endtext.h"

#include "services/core/displayzone.h"
#include "ui/text/format.h"

#include <QCoreApplication>
#include <QDateTime>

namespace sandglass::ui {

QString clockBeside(Timestamp time, Timestamp beside)
{
    const QDateTime local = DisplayZone::at(time);
    const bool isSameDay = local.date() == DisplayZone::at(beside).date();
    return isSameDay ? formatClock(time) : local.toString(QStringLiteral("d MMM HH:mm:ss"));
}

QString earlyEndText(Timestamp planned, Timestamp ended)
{
    return QCoreApplication::translate("EndText", "planned until %1, ended %2, %3 early")
        .arg(clockBeside(planned, ended), formatClock(ended),
             formatAge(std::chrono::floor<std::chrono::milliseconds>(planned - ended)));
}

} // namespace sandglass::ui
