#include "services/lifecycle/usageindex.h"

#include "services/lifecycle/fold.h"
#include "services/lifecycle/usagebuckets.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sandglass::lifecycle {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t at(int index)
{
    return static_cast<std::size_t>(index);
}

/// Cost of one template per bucket. A stretch costs time only for its first and last bucket; those between
/// get its rate through a running sum.
class Accumulator
{
public:
    explicit Accumulator(const Buckets &buckets) : m_partial(at(buckets.count())), m_rateStep(at(buckets.count())) {}

    /// The part of `usage` in [begin, end), a part of the buckets' range.
    void add(const cost::Usage &usage, const cost::RateCard &card, const Buckets &buckets, Timestamp begin,
             Timestamp end)
    {
        const auto &rates = card.rates();
        for (auto rate = rates.begin(); rate != rates.end() && begin < end; ++rate) { // one price at a time
            const auto next = std::next(rate);
            const Timestamp until = next == rates.end() ? end : std::min(end, next->validFrom);
            if (until <= begin)
                continue;
            addAtOnePrice(usage, card, buckets, begin, until);
            begin = until;
        }
    }

    [[nodiscard]] std::vector<Money> result(const Buckets &buckets) const
    {
        std::vector<Money> sums = m_partial;
        Money rate;
        for (std::size_t i = 0; i < sums.size(); ++i) {
            rate += m_rateStep[i];
            sums[i] += rate.scaled(buckets.widthMs(static_cast<int>(i)), 1);
        }
        return sums;
    }

private:
    void addAtOnePrice(const cost::Usage &usage, const cost::RateCard &card, const Buckets &buckets, Timestamp from,
                       Timestamp to)
    {
        const int first = buckets.indexOf(from);
        const int last = buckets.indexOf(to - std::chrono::nanoseconds(1));
        addPartial(first, usage, card, from, std::min(to, buckets.edge(first + 1)));
        if (last == first)
            return;
        addPartial(last, usage, card, buckets.edge(last), to);
        if (last - first < 2)
            return;
        const cost::Usage oneMs{
            buckets.edge(first + 1), buckets.edge(first + 1) + milliseconds(1), {}, usage.vcpuCount, usage.memoryMb};
        const Money rate = cost::priceOf(oneMs, card).value_or(Money());
        m_rateStep[at(first + 1)] += rate;
        m_rateStep[at(last)] -= rate;
    }

    void addPartial(int bucket, const cost::Usage &usage, const cost::RateCard &card, Timestamp from, Timestamp to)
    {
        m_partial[at(bucket)] += cost::priceOf(usage, card, from, to).value_or(Money());
    }

    std::vector<Money> m_partial;
    std::vector<Money> m_rateStep;
};

} // namespace

cost::Usage usageOf(const RunInterval &run, Timestamp now)
{
    return {run.start, run.end.value_or(now), run.confirmedMs, run.vcpuCount, run.memoryMb};
}

cost::CostFigures figuresOf(const Sandbox &sandbox, const cost::RateCard &card, Timestamp now)
{
    std::vector<cost::Usage> stretches;
    stretches.reserve(sandbox.runs.size());
    for (const RunInterval &run : sandbox.runs)
        stretches.push_back(usageOf(run, now));
    const bool isOpen =
        sandbox.state == SandboxState::Running && !sandbox.runs.empty() && !sandbox.runs.back().end.has_value();
    return cost::figuresOf(stretches, isOpen, sandbox.endAt, card.of(sandbox.teamId), now);
}

UsageIndex::UsageIndex(cost::RateCard card) : m_card(std::move(card)) {}

void UsageIndex::update(const Sandbox &sandbox)
{
    Slots &slots = m_slots[sandbox.id];
    const auto count = static_cast<std::uint32_t>(sandbox.runs.size());
    if (slots.count != count) {
        for (std::uint32_t i = 0; i < slots.count; ++i)
            m_entries[slots.first + i].isUsed = false;
        m_unused += slots.count;
        slots = {static_cast<std::uint32_t>(m_entries.size()), count};
        m_entries.resize(m_entries.size() + count);
    }
    const std::uint32_t name = m_templates.placeOf(sandbox.templateName());
    const std::uint32_t team = m_teams.placeOf(sandbox.teamId);
    for (std::uint32_t i = 0; i < count; ++i)
        m_entries[slots.first + i] = entryOf(sandbox.runs[i], name, team);
    if (m_unused > 4'096 && m_unused > m_entries.size() / 2)
        compact();
}

UsageIndex::Entry UsageIndex::entryOf(const RunInterval &run, std::uint32_t templateIndex, std::uint32_t team) const
{
    Entry entry;
    entry.usage = usageOf(run, Timestamp::max());
    entry.end = entry.usage.effectiveEnd();
    entry.templateIndex = templateIndex;
    entry.team = team;
    if (entry.end != Timestamp::max())
        entry.full = cost::priceOf(entry.usage, cardOf(entry)).value_or(Money());
    entry.isUsed = true;
    return entry;
}

std::uint32_t UsageIndex::Names::placeOf(const std::string &name)
{
    const auto [it, isNew] = places.try_emplace(name, static_cast<std::uint32_t>(names.size()));
    if (isNew)
        names.push_back(name);
    return it->second;
}

void UsageIndex::compact()
{
    std::vector<Entry> entries;
    entries.reserve(m_entries.size() - m_unused);
    for (auto &[id, slots] : m_slots) {
        const auto first = static_cast<std::uint32_t>(entries.size());
        for (std::uint32_t i = 0; i < slots.count; ++i)
            entries.push_back(m_entries[slots.first + i]);
        slots.first = first;
    }
    m_entries = std::move(entries);
    m_unused = 0;
}

void UsageIndex::setRateCard(cost::RateCard card)
{
    m_card = std::move(card);
    for (Entry &entry : m_entries) {
        if (entry.isUsed && entry.end != Timestamp::max())
            entry.full = cost::priceOf(entry.usage, cardOf(entry)).value_or(Money());
    }
}

Money UsageIndex::burnRate(Timestamp now) const
{
    Money sum;
    for (const Entry &entry : m_entries) {
        if (entry.isUsed && entry.end == Timestamp::max())
            sum += cost::hourlyRate(entry.usage.vcpuCount, entry.usage.memoryMb, cardOf(entry), now).value_or(Money());
    }
    return sum;
}

Money UsageIndex::costBetween(Timestamp from, Timestamp to, Timestamp now) const
{
    Money sum;
    for (const Entry &entry : m_entries) {
        if (!entry.isUsed || entry.end <= from || entry.usage.start >= to)
            continue;
        const bool isRunning = entry.end == Timestamp::max();
        if (!isRunning && entry.usage.start >= from && entry.end <= to)
            sum += entry.full;
        else
            sum +=
                cost::priceOf(entry.usage, cardOf(entry), from, isRunning ? std::min(to, now) : to).value_or(Money());
    }
    return sum;
}

std::vector<UsageIndex::Series> UsageIndex::costSeries(Timestamp from, Timestamp to, int bucketCount,
                                                       Timestamp now) const
{
    const Buckets buckets(from, to, bucketCount);
    if (buckets.isEmpty())
        return {};
    std::vector<std::optional<Accumulator>> sums(m_templates.names.size());
    for (const Entry &entry : m_entries) {
        if (!entry.isUsed)
            continue;
        const Timestamp end = std::min(entry.end == Timestamp::max() ? now : entry.end, buckets.end());
        const Timestamp begin = std::max(entry.usage.start, from);
        if (begin >= end || !cost::hourlyRate(entry.usage.vcpuCount, entry.usage.memoryMb, cardOf(entry), begin))
            continue;
        auto &sum = sums[entry.templateIndex];
        if (!sum)
            sum.emplace(buckets);
        sum->add(entry.usage, cardOf(entry), buckets, begin, end);
    }
    std::vector<Series> series;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        if (sums[i])
            series.push_back({m_templates.names[i], sums[i]->result(buckets)});
    }
    std::ranges::sort(series, {}, &Series::templateName);
    return series;
}

std::vector<int> UsageIndex::activeSeries(Timestamp from, Timestamp to, int bucketCount, Timestamp now) const
{
    Steps steps;
    addSteps(steps, from, to, now);
    return highest(std::move(steps), from, to, bucketCount);
}

void UsageIndex::Steps::add(Timestamp start, Timestamp end, Timestamp from, Timestamp to, int sign)
{
    if (end <= from || start >= to || end <= start)
        return;
    if (start <= from)
        running += sign;
    else
        steps.emplace_back(start, sign);
    if (end < to)
        steps.emplace_back(end, -sign);
}

void UsageIndex::addSteps(Steps &steps, Timestamp from, Timestamp to, Timestamp now, int sign) const
{
    for (const Entry &entry : m_entries) {
        if (entry.isUsed)
            steps.add(entry.usage.start, entry.end == Timestamp::max() ? now : entry.end, from, to, sign);
    }
}

std::vector<int> UsageIndex::highest(Steps all, Timestamp from, Timestamp to, int bucketCount)
{
    const Buckets buckets(from, to, bucketCount);
    if (buckets.isEmpty())
        return {};
    auto &[steps, running] = all;
    std::ranges::sort(steps, {}, &std::pair<Timestamp, int>::first);
    std::vector<int> highest(at(bucketCount), 0);
    int bucket = 0;
    highest[0] = running;
    for (auto step = steps.begin(); step != steps.end() && step->first < buckets.end();) {
        const Timestamp time = step->first;
        for (const int target = buckets.indexOf(time); bucket < target;) {
            ++bucket; // what changes at the very edge belongs to the bucket that begins there
            highest[at(bucket)] = time == buckets.edge(bucket) ? 0 : running;
        }
        for (; step != steps.end() && step->first == time; ++step)
            running += step->second;
        highest[at(bucket)] = std::max(highest[at(bucket)], running);
    }
    while (++bucket < bucketCount)
        highest[at(bucket)] = running;
    return highest;
}

} // namespace sandglass::lifecycle
