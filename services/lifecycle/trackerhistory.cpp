#include "services/lifecycle/trackerhistory.h"

#include "services/lifecycle/usagebuckets.h"

#include <algorithm>
#include <utility>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t mostSteps = 50'000; // sorted on the UI thread

// By two indexes, without the records: all sandboxes beside those of the tiers live and ended.
constexpr const char *anyColdSql =
    "SELECT (SELECT count(*) FROM sandboxes) > (SELECT count(*) FROM sandboxes WHERE tier < 2)";

} // namespace

History::History(Database database, RollupReader reader, Timestamp until, bool holdsAny)
    : m_database(std::move(database))
    , m_finder(m_database)
    , m_reader(std::move(reader))
    , m_until(until)
    , m_holdsAny(holdsAny)
    , m_taken(cost::RateCard())
{}

Result<std::unique_ptr<History>> History::open(const std::filesystem::path &file, Timestamp until)
{
    auto reader = RollupReader::open(file);
    if (!reader)
        return failure(std::move(reader.error()));
    auto database = Database::open(file, Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    const auto holdsAny = database->queryInteger(anyColdSql);
    if (!holdsAny)
        return failure(holdsAny.error());
    return std::unique_ptr<History>(new History(std::move(*database), std::move(*reader), until, *holdsAny != 0));
}

std::optional<std::string> History::take(const std::string &sandboxId, const cost::RateCard &card)
{
    auto cold = m_finder.find(sandboxId);
    if (!cold)
        return {};
    Fold counted;
    if (const Sandbox *sandbox = counted.adopt(cold->counted))
        leaveOut(*sandbox, card);
    return std::move(cold->record);
}

void History::leaveOut(const Sandbox &counted, const cost::RateCard &card)
{
    noteShown(counted.id);
    const auto contribution = Contribution::of(counted);
    if (!contribution)
        return;
    if (m_taken.rateCard().rates().empty())
        m_taken.setRateCard(card);
    Sandbox taken = counted;
    taken.runs.clear();
    for (const UsedStretch &stretch : contribution->stretches) {
        if (stretch.start < m_until) // as the rollups have it, whose sums it is taken off
            taken.runs.push_back(
                {{}, stretch.start, std::min(stretch.end, m_until), stretch.vcpuCount, stretch.memoryMb, std::nullopt});
    }
    m_taken.update(taken);
}

void History::setRateCard(const cost::RateCard &card)
{
    m_taken.setRateCard(card);
}

Money History::costBetween(Timestamp from, Timestamp to, const cost::RateCard &card, Timestamp now)
{
    return m_reader.costBetween(from, std::min(to, m_until), card) - m_taken.costBetween(from, to, now);
}

std::vector<UsageIndex::Series> History::costSeries(Timestamp from, Timestamp to, int bucketCount,
                                                    const cost::RateCard &card, Timestamp now)
{
    auto series = m_reader.costSeries(from, to, bucketCount, card, m_until);
    mergeSeries(series, m_taken.costSeries(from, to, bucketCount, now), true);
    return series;
}

bool History::addSteps(UsageIndex::Steps &steps, Timestamp from, Timestamp to, Timestamp now)
{
    to = std::min(to, m_until);
    if (from >= to)
        return true;
    const auto stretches = m_reader.stretchesBetween(from, to, mostSteps);
    if (!stretches)
        return false;
    for (const UsedStretch &stretch : *stretches)
        steps.add(stretch.start, stretch.end, from, to);
    m_taken.addSteps(steps, from, to, now, -1);
    return true;
}

std::vector<int> History::sampledActive(Timestamp from, Timestamp to, int bucketCount, Timestamp now)
{
    const Buckets buckets(from, to, bucketCount);
    if (buckets.isEmpty())
        return {};
    const auto level = to - from <= std::chrono::hours(48) ? RollupLevel::Minute
        : to - from <= std::chrono::hours(24 * 120)        ? RollupLevel::Hour
                                                           : RollupLevel::Day;
    std::vector<int> highest(static_cast<std::size_t>(bucketCount), 0);
    int present = 0, reached = 0;
    for (const auto &[time, count] : m_reader.activeSamples(from, std::min(buckets.end(), m_until), level)) {
        for (const int bucket = buckets.indexOf(time); reached < bucket;)
            highest[static_cast<std::size_t>(++reached)] = present; // a bucket begins with what the last one left
        present = static_cast<int>(count);
        int &top = highest[static_cast<std::size_t>(reached)];
        top = std::max(top, present);
    }
    while (++reached < bucketCount) // nothing cold runs on at `until` but what was taken
        highest[static_cast<std::size_t>(reached)] = buckets.edge(reached) < m_until ? present : 0;
    const std::vector<int> taken = m_taken.activeSeries(from, to, bucketCount, now);
    for (std::size_t i = 0; i < highest.size(); ++i)
        highest[i] = std::max(0, highest[i] - taken[i]);
    return highest;
}

void mergeSeries(std::vector<UsageIndex::Series> &series, const std::vector<UsageIndex::Series> &other, bool isMinus)
{
    for (const UsageIndex::Series &added : other) {
        auto place = std::ranges::lower_bound(series, added.templateName, {}, &UsageIndex::Series::templateName);
        if (place == series.end() || place->templateName != added.templateName)
            place = series.insert(place, {added.templateName, std::vector<Money>(added.buckets.size())});
        for (std::size_t i = 0; i < added.buckets.size(); ++i)
            place->buckets[i] = isMinus ? place->buckets[i] - added.buckets[i] : place->buckets[i] + added.buckets[i];
    }
    if (isMinus) {
        std::erase_if(series, [](const UsageIndex::Series &one) {
            return std::ranges::all_of(one.buckets, [](Money money) { return money.isZero(); });
        });
    }
}

} // namespace sandglass::lifecycle
