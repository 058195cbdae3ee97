#include "app/pricing.h"

#include "app/watching.h"
#include "models/runs/runsession.h"
#include "models/settings/connectionsmodel.h"
#include "services/lifecycle/tracker.h"

#include <utility>

namespace sandglass::app {

Pricing::Pricing(models::Settings &settings, const models::ConnectionsModel &connections, cost::RateCard listPrices)
    : m_connections(connections), m_book(settings, std::move(listPrices)), m_table(m_book)
{}

void Pricing::attach(lifecycle::Tracker &tracker, models::RunSession &runs, Watching &watching)
{
    const auto priceRuns = [this, &runs] { runs.setRateCard(inUse()); };
    const auto priceAll = [this, &tracker, priceRuns] {
        tracker.setRateCard(m_book.card());
        priceRuns();
    };
    priceAll();
    connect(&m_book, &models::PriceBook::changed, &tracker, priceAll);
    connect(&m_connections, &models::ConnectionsModel::activeChanged, &runs, priceRuns);
    connect(&watching, &Watching::teamsKnown, &m_book, &models::PriceBook::learnTeams);
    watching.tellTeams();
}

const cost::RateCard &Pricing::inUse() const
{
    return m_book.cardOf(m_connections.activeId());
}

} // namespace sandglass::app
