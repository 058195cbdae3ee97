#include "app/listprices.h"

#include <QFile>

namespace sandglass::app {

Result<cost::RateCard> loadListPrices()
{
    QFile file(QStringLiteral(":/sandglass/ratecard.json"));
    if (!file.open(QIODevice::ReadOnly))
        return failure(Error::Kind::Local, "the built-in rate card is missing");
    return cost::RateCard::fromJson(file.readAll().toStdString());
}

} // namespace sandglass::app
