#include "ui/costs/csv.h"

namespace sandglass::ui {

QString csvRecord(const QStringList &fields)
{
    QStringList quoted;
    for (QString field : fields) {
        const bool needsQuotes =
            field.contains(u',') || field.contains(u'"') || field.contains(u'\n') || field.contains(u'\r');
        if (needsQuotes)
            field = u'"' + field.replace(u'"', QStringLiteral("\"\"")) + u'"';
        quoted << field;
    }
    return quoted.join(u',') + QStringLiteral("\r\n");
}

} // namespace sandglass::ui
