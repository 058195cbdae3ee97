#pragma once

#include "services/core/money.h"
#include "services/core/time.h"
#include "services/cost/figures.h"
#include "services/cost/meter.h"
#include "services/cost/ratecard.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sandglass::lifecycle {

struct RunInterval;
struct Sandbox;

/// The stretch as the meter wants it. `now` ends what still runs.
[[nodiscard]] cost::Usage usageOf(const RunInterval &run, Timestamp now);
/// Estimated, confirmed and reserved of the whole sandbox; it is open while it runs.
[[nodiscard]] cost::CostFigures figuresOf(const Sandbox &sandbox, const cost::RateCard &card, Timestamp now);

/// All stretches of all sandboxes in one flat row, so that a sum over a time range is one pass without
/// look-ups: some nanoseconds for a stretch outside the range. Used by one thread.
class UsageIndex final
{
public:
    explicit UsageIndex(cost::RateCard card);

    /// Takes the present stretches of the sandbox in place of those it had; none to forget it.
    void update(const Sandbox &sandbox);
    void setRateCard(cost::RateCard card);
    [[nodiscard]] const cost::RateCard &rateCard() const { return m_card; }

    [[nodiscard]] Money burnRate(Timestamp now) const;
    [[nodiscard]] Money costBetween(Timestamp from, Timestamp to, Timestamp now) const;

    /// Per template name (in order of name) and bucket; templates without any cost in the range are left out.
    struct Series
    {
        std::string templateName;
        std::vector<Money> buckets;
    };
    [[nodiscard]] std::vector<Series> costSeries(Timestamp from, Timestamp to, int bucketCount, Timestamp now) const;
    [[nodiscard]] std::vector<int> activeSeries(Timestamp from, Timestamp to, int bucketCount, Timestamp now) const;

    /// +1 a start, -1 an end, in no order; `running` when the range begins.
    struct Steps
    {
        std::vector<std::pair<Timestamp, int>> steps;
        int running = 0;
        void add(Timestamp start, Timestamp end, Timestamp from, Timestamp to, int sign = 1);
    };
    void addSteps(Steps &steps, Timestamp from, Timestamp to, Timestamp now, int sign = 1) const;
    /// Highest number at once per bucket.
    [[nodiscard]] static std::vector<int> highest(Steps steps, Timestamp from, Timestamp to, int bucketCount);

private:
    struct Entry
    {
        cost::Usage usage; ///< end = Timestamp::max() while it runs
        Timestamp end{};   ///< where it ends for the meter
        Money full;        ///< price of the whole, once it has ended
        std::uint32_t templateIndex = 0;
        std::uint32_t team = 0; ///< place in m_teams
        bool isUsed = false;
    };
    struct Slots
    {
        std::uint32_t first = 0, count = 0;
    };

    /// Names that many sandboxes share, by number.
    struct Names
    {
        std::vector<std::string> names;
        std::unordered_map<std::string, std::uint32_t> places;
        [[nodiscard]] std::uint32_t placeOf(const std::string &name);
    };

    [[nodiscard]] Entry entryOf(const RunInterval &run, std::uint32_t templateIndex, std::uint32_t team) const;
    [[nodiscard]] const cost::RateCard &cardOf(const Entry &entry) const
    {
        return m_card.of(m_teams.names[entry.team]);
    }
    void compact();

    cost::RateCard m_card;
    std::vector<Entry> m_entries;
    std::unordered_map<std::string, Slots> m_slots;
    std::size_t m_unused = 0;
    Names m_templates;
    Names m_teams;
};

} // namespace sandglass::lifecycle
