#include "services/lifecycle/ledger.h"

#include "services/lifecycle/trackerhistory.h"

#include <utility>

namespace sandglass::lifecycle {

Ledger::Ledger(cost::RateCard card) : usage(std::move(card)) {}
Ledger::~Ledger() = default;
Ledger::Ledger(Ledger &&) noexcept = default;
Ledger &Ledger::operator=(Ledger &&) noexcept = default;

void Ledger::setRateCard(cost::RateCard card)
{
    if (history)
        history->setRateCard(card);
    usage.setRateCard(std::move(card));
}

Money Ledger::costBetween(Timestamp from, Timestamp to, Timestamp now) const
{
    const Money hot = usage.costBetween(from, to, now);
    return history ? hot + history->costBetween(from, to, usage.rateCard(), now) : hot;
}

std::vector<UsageIndex::Series> Ledger::costSeries(Timestamp from, Timestamp to, int bucketCount, Timestamp now) const
{
    auto series = usage.costSeries(from, to, bucketCount, now);
    if (history)
        mergeSeries(series, history->costSeries(from, to, bucketCount, usage.rateCard(), now), false);
    return series;
}

std::vector<int> Ledger::activeSeries(Timestamp from, Timestamp to, int bucketCount, Timestamp now) const
{
    UsageIndex::Steps steps;
    usage.addSteps(steps, from, to, now);
    if (!history || history->addSteps(steps, from, to, now))
        return UsageIndex::highest(std::move(steps), from, to, bucketCount);
    std::vector<int> series = UsageIndex::highest(std::move(steps), from, to, bucketCount);
    const std::vector<int> cold = history->sampledActive(from, to, bucketCount, now);
    for (std::size_t i = 0; i < series.size(); ++i)
        series[i] += cold[i];
    return series;
}

} // namespace sandglass::lifecycle
