#include "ui/sandboxes/worstcase.h"

#include "ui/text/format.h"

#include <QCoreApplication>

namespace sandglass::ui {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("WorstCase", text);
}

} // namespace

void WorstCase::add(std::optional<Money> price)
{
    most += price.value_or(Money{});
    ++count;
    unknown += price ? 0 : 1;
}

QString worstCaseText(const WorstCase &worst)
{
    if (worst.unknown == worst.count)
        return tr("price unknown");
    const QString most = formatMoney(worst.most);
    return worst.unknown == 0 ? tr("at most %1").arg(most)
                              : tr("at most %1, %2 of unknown size").arg(most).arg(worst.unknown);
}

} // namespace sandglass::ui
