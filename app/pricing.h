#pragma once

#include "models/settings/pricebook.h"
#include "models/settings/ratecardmodel.h"

#include <QObject>

namespace sandglass::lifecycle {
class Tracker;
}
namespace sandglass::models {
class ConnectionsModel;
class RunSession;
class Settings;
} // namespace sandglass::models

namespace sandglass::app {

class Watching;

/// The prices in the program: all that is spent goes by each sandbox's own, what is about to be started by those of
/// the connection in use.
class Pricing final : public QObject
{
    Q_OBJECT
public:
    Pricing(models::Settings &settings, const models::ConnectionsModel &connections, cost::RateCard listPrices);

    void attach(lifecycle::Tracker &tracker, models::RunSession &runs, Watching &watching);
    [[nodiscard]] models::RateCardModel &table() { return m_table; }
    [[nodiscard]] const cost::RateCard &inUse() const; ///< of the active connection

private:
    const models::ConnectionsModel &m_connections;
    models::PriceBook m_book;
    models::RateCardModel m_table;
};

} // namespace sandglass::app
