#include "services/lifecycle/rollupreader.h"

#include "services/lifecycle/usagebuckets.h"

#include <sqlite3.h>

#include <algorithm>
#include <functional>
#include <limits>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t cellsKept = 50'000; ///< rows of hours and minutes in memory
constexpr std::size_t chunksKept = 16;
constexpr std::int64_t hoursPerDay = 24, minutesPerHour = 60;

/// Everything before some moment, of one name.
struct Total
{
    std::int64_t vcpuMs = 0, mibMs = 0;
    std::int64_t vcpus = 0, mib = 0; ///< what runs at the moment
    std::int64_t starts = 0, ends = 0;
};
using Totals = std::vector<Total>; ///< by number of the name

struct Row
{
    std::int64_t cell = 0;
    std::uint32_t name = 0;
    RollupCell values;
};

Money priceOf(const Total &before, const Total &after, const cost::Rate &rate)
{
    return Money::ofUsage(1, after.vcpuMs - before.vcpuMs, after.mibMs - before.mibMs, rate.picoPerVcpuSecond,
                          rate.picoPerGibSecond);
}

} // namespace

struct RollupReader::Private
{
    Private(Database db, RollupKind ofKind)
        : database(std::move(db))
        , kind(ofKind)
        , select(database,
                 "SELECT cell, name, vcpu_ms, mib_ms, vcpu_in, mib_in, vcpu_out, mib_out, starts, ends "
                 "FROM rollups WHERE level = ?1 AND kind = ?2 AND cell >= ?3 AND cell < ?4 ORDER BY cell")
        , chunkSelect(database, "SELECT data FROM archive WHERE number = ?1")
    {}

    Result<> load();
    Totals totalsAt(Timestamp time);
    [[nodiscard]] std::vector<Row> read(RollupLevel level, std::int64_t from, std::int64_t to);
    const std::vector<Row> &cellsOf(RollupLevel level, std::int64_t parent);
    void advance(Totals &totals, const std::vector<Row> &rows, std::int64_t from, std::int64_t to, RollupLevel level);
    void addWithinMinute(Totals &totals, Timestamp begin, Timestamp time);
    const ArchiveChunk &chunk(std::int64_t number);
    std::uint32_t nameIndex(std::string_view name);
    std::vector<Totals> totalsAtAll(const std::vector<Timestamp> &edges);
    [[nodiscard]] Totals totalOfDayStart(std::int64_t day);
    /// What each name cost between an edge and the next, where that is not nothing; at a change of price, too.
    void forEachPrice(std::vector<Timestamp> edges, const cost::RateCard &card,
                      const std::function<void(Timestamp, std::string_view, const Money &)> &take);
    void note(const char *what)
    {
        if (!failure)
            failure = database.lastError(what);
    }

    Database database;
    RollupKind kind;
    Statement select, chunkSelect;
    std::optional<Error> failure;

    std::vector<std::string> names; ///< RollupName's texts
    std::unordered_map<std::string, std::uint32_t> nameIndices;
    std::vector<std::pair<std::int64_t, Totals>> days; ///< totals at the start of each day that has rows, and after
    std::map<std::pair<RollupLevel, std::int64_t>, std::vector<Row>> cells; ///< by level and parent cell
    std::size_t cellCount = 0;

    struct ChunkRange
    {
        std::int64_t number = 0, firstNs = 0, lastNs = 0;
    };
    std::vector<ChunkRange> chunkRanges;
    std::map<std::int64_t, ArchiveChunk> chunks;
};

std::uint32_t RollupReader::Private::nameIndex(std::string_view name)
{
    const auto [it, isNew] = nameIndices.try_emplace(std::string(name), static_cast<std::uint32_t>(names.size()));
    if (isNew)
        names.emplace_back(name);
    return it->second;
}

std::vector<Row> RollupReader::Private::read(RollupLevel level, std::int64_t from, std::int64_t to)
{
    std::vector<Row> rows;
    select.bind(1, static_cast<std::int64_t>(level)).bind(2, static_cast<std::int64_t>(kind)).bind(3, from).bind(4, to);
    int status = SQLITE_DONE;
    while ((status = select.step()) == SQLITE_ROW) {
        Row row;
        row.cell = select.integer(0);
        row.name = nameIndex(select.bytes(1));
        row.values = {select.integer(2), select.integer(3), select.integer(4), select.integer(5),
                      select.integer(6), select.integer(7), select.integer(8), select.integer(9)};
        rows.push_back(row);
    }
    select.reset();
    if (status != SQLITE_DONE)
        note("the rollups cannot be read");
    return rows;
}

Result<> RollupReader::Private::load()
{
    const std::vector<Row> rows =
        read(RollupLevel::Day, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
    Totals totals(names.size());
    for (std::size_t i = 0; i < rows.size();) {
        const std::int64_t day = rows[i].cell;
        if (!days.empty())
            advance(totals, {}, days.back().first + 1, day, RollupLevel::Day);
        days.emplace_back(day, totals);
        std::vector<Row> ofDay;
        for (; i < rows.size() && rows[i].cell == day; ++i)
            ofDay.push_back(rows[i]);
        advance(totals, ofDay, day, day + 1, RollupLevel::Day);
    }
    if (!days.empty())
        days.emplace_back(days.back().first + 1, totals);
    Statement ranges(database, "SELECT number, first_ns, last_ns FROM archive ORDER BY number");
    int status = SQLITE_DONE;
    while ((status = ranges.step()) == SQLITE_ROW)
        chunkRanges.push_back({ranges.integer(0), ranges.integer(1), ranges.integer(2)});
    if (status != SQLITE_DONE)
        note("the archive cannot be read");
    return failure ? Result<>(sandglass::failure(*failure)) : Result<>();
}

/// Moves the totals over the cells [from, to); `rows` hold those of them that are not empty, in order.
void RollupReader::Private::advance(Totals &totals, const std::vector<Row> &rows, std::int64_t from, std::int64_t to,
                                    RollupLevel level)
{
    totals.resize(names.size());
    const std::int64_t lengthMs = rollupMs[static_cast<std::size_t>(level)];
    std::vector<std::int64_t> reached(totals.size(), from); // cell up to which each name has been moved
    const auto hold = [&](std::uint32_t name, std::int64_t cell) {
        Total &total = totals[name];
        const std::int64_t ms = (cell - reached[name]) * lengthMs;
        total.vcpuMs += total.vcpus * ms;
        total.mibMs += total.mib * ms;
        reached[name] = cell;
    };
    for (const Row &row : rows) {
        if (row.cell < from || row.cell >= to)
            continue;
        hold(row.name, row.cell);
        Total &total = totals[row.name];
        total.vcpuMs += row.values.vcpuMs + (total.vcpus - row.values.vcpuOut) * lengthMs;
        total.mibMs += row.values.mibMs + (total.mib - row.values.mibOut) * lengthMs;
        total.vcpus += row.values.vcpuIn - row.values.vcpuOut;
        total.mib += row.values.mibIn - row.values.mibOut;
        total.starts += row.values.starts;
        total.ends += row.values.ends;
        reached[row.name] = row.cell + 1;
    }
    for (std::uint32_t name = 0; name < totals.size(); ++name)
        hold(name, to);
}

const std::vector<Row> &RollupReader::Private::cellsOf(RollupLevel level, std::int64_t parent)
{
    const std::pair key(level, parent);
    if (const auto it = cells.find(key); it != cells.end())
        return it->second;
    if (cellCount > cellsKept) {
        cells.clear();
        cellCount = 0;
    }
    const std::int64_t count = level == RollupLevel::Hour ? hoursPerDay : minutesPerHour;
    auto rows = read(level, parent * count, (parent + 1) * count);
    cellCount += rows.size() + 1;
    return cells.emplace(key, std::move(rows)).first->second;
}

Totals RollupReader::Private::totalOfDayStart(std::int64_t day)
{
    auto after = std::ranges::upper_bound(days, day, {}, [](const auto &entry) { return entry.first; });
    if (after == days.begin())
        return Totals(names.size());
    const auto &[known, totals] = *std::prev(after);
    Totals result = totals;
    if (known < day) { // nothing starts or ends between two days with rows
        const bool isLast = known == days.back().first;
        advance(result, isLast ? std::vector<Row>() : read(RollupLevel::Day, known, known + 1), known, day,
                RollupLevel::Day);
    }
    result.resize(names.size());
    return result;
}

Totals RollupReader::Private::totalsAt(Timestamp time)
{
    time = std::clamp(time, Timestamp{}, Timestamp(std::chrono::hours(24LL * 365 * 240)));
    const std::int64_t day = cellOf(time, RollupLevel::Day);
    const std::int64_t hour = cellOf(time, RollupLevel::Hour);
    const std::int64_t minute = cellOf(time, RollupLevel::Minute);
    Totals totals = totalOfDayStart(day);
    if (hour != day * hoursPerDay)
        advance(totals, cellsOf(RollupLevel::Hour, day), day * hoursPerDay, hour, RollupLevel::Hour);
    if (minute != hour * minutesPerHour)
        advance(totals, cellsOf(RollupLevel::Minute, hour), hour * minutesPerHour, minute, RollupLevel::Minute);
    if (const Timestamp begin = cellStart(minute, RollupLevel::Minute); begin < time && kind == RollupKind::Template)
        addWithinMinute(totals, begin, time);
    totals.resize(names.size());
    return totals;
}

void RollupReader::Private::addWithinMinute(Totals &totals, Timestamp begin, Timestamp time)
{
    for (const ChunkRange &range : chunkRanges) {
        if (range.firstNs >= toUnixNs(time) || range.lastNs <= toUnixNs(begin))
            continue;
        const ArchiveChunk &archived = chunk(range.number);
        std::vector<std::uint32_t> numbers;
        for (const std::string &name : archived.names)
            numbers.push_back(nameIndex(name));
        totals.resize(names.size());
        for (const ArchiveChunk::Entry &entry : archived.entries) {
            const UsedStretch &stretch = entry.stretch;
            if (stretch.start >= time || stretch.end <= begin)
                continue;
            Total &total = totals[numbers[entry.name]];
            const std::int64_t ms =
                elapsedMs(stretch, std::min(stretch.end, time)) - elapsedMs(stretch, std::max(stretch.start, begin));
            total.vcpuMs += ms * stretch.vcpuCount;
            total.mibMs += ms * stretch.memoryMb;
            total.starts += stretch.start >= begin ? 1 : 0;
            total.ends += stretch.end <= time ? 1 : 0;
        }
    }
}

const ArchiveChunk &RollupReader::Private::chunk(std::int64_t number)
{
    if (const auto it = chunks.find(number); it != chunks.end())
        return it->second;
    if (chunks.size() >= chunksKept)
        chunks.clear();
    std::optional<ArchiveChunk> decoded;
    if (chunkSelect.bind(1, number).step() == SQLITE_ROW)
        decoded = ArchiveChunk::decode(chunkSelect.bytes(0));
    chunkSelect.reset();
    if (!decoded)
        note("the archive cannot be read");
    return chunks.emplace(number, decoded ? std::move(*decoded) : ArchiveChunk{}).first->second;
}

std::vector<Totals> RollupReader::Private::totalsAtAll(const std::vector<Timestamp> &edges)
{
    std::vector<Totals> all;
    all.reserve(edges.size());
    for (const Timestamp edge : edges)
        all.push_back(totalsAt(edge));
    for (Totals &totals : all)
        totals.resize(names.size()); // a name may have turned up later
    return all;
}

RollupReader::RollupReader(std::unique_ptr<Private> p) : d(std::move(p)) {}
RollupReader::RollupReader(RollupReader &&) noexcept = default;
RollupReader &RollupReader::operator=(RollupReader &&) noexcept = default;
RollupReader::~RollupReader() = default;

Result<RollupReader> RollupReader::open(const std::filesystem::path &file, RollupKind kind)
{
    auto database = Database::open(file, Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    auto state = std::make_unique<Private>(std::move(*database), kind);
    if (!state->select.isValid() || !state->chunkSelect.isValid())
        return failure(state->database.lastError("the rollups cannot be read"));
    if (auto loaded = state->load(); !loaded)
        return failure(std::move(loaded.error()));
    return RollupReader(std::move(state));
}

void RollupReader::Private::forEachPrice(std::vector<Timestamp> edges, const cost::RateCard &card,
                                         const std::function<void(Timestamp, std::string_view, const Money &)> &take)
{
    const Timestamp first = edges.front(), last = edges.back();
    for (const Timestamp change : card.changes()) {
        if (change > first && change < last)
            edges.push_back(change);
    }
    std::ranges::sort(edges);
    const std::vector<Totals> totals = totalsAtAll(edges);
    std::vector<RollupName> parts;
    for (const std::string &name : names)
        parts.push_back(RollupName::of(name));
    for (std::size_t edge = 0; edge + 1 < edges.size(); ++edge) {
        if (edges[edge] == edges[edge + 1])
            continue;
        for (std::size_t name = 0; name < parts.size(); ++name) {
            const cost::Rate *rate = card.of(parts[name].team).at(edges[edge]);
            const Money price = rate ? priceOf(totals[edge][name], totals[edge + 1][name], *rate) : Money{};
            if (!price.isZero())
                take(edges[edge], parts[name].name, price);
        }
    }
}

std::vector<UsageIndex::Series> RollupReader::costSeries(Timestamp from, Timestamp to, int bucketCount,
                                                         const cost::RateCard &card, Timestamp until)
{
    const Buckets buckets(from, to, bucketCount);
    if (buckets.isEmpty() || d->days.empty())
        return {};
    std::vector<Timestamp> edges;
    for (int i = 0; i <= bucketCount; ++i)
        edges.push_back(std::min(buckets.edge(i), until));
    std::map<std::string, std::vector<Money>, std::less<>> series;
    d->forEachPrice(std::move(edges), card, [&](Timestamp time, std::string_view name, const Money &price) {
        auto place = series.find(name);
        if (place == series.end())
            place = series.emplace(name, std::vector<Money>(static_cast<std::size_t>(bucketCount))).first;
        place->second[static_cast<std::size_t>(buckets.indexOf(time))] += price;
    });
    std::vector<UsageIndex::Series> used;
    for (auto &[name, sums] : series)
        used.push_back({name, std::move(sums)});
    return used;
}

std::map<std::string, Money> RollupReader::costByName(Timestamp from, Timestamp to, const cost::RateCard &card)
{
    std::map<std::string, Money> costs;
    if (from >= to || d->days.empty())
        return costs;
    d->forEachPrice({from, to}, card, [&costs](Timestamp, std::string_view name, const Money &price) {
        costs[std::string(name)] += price;
    });
    return costs;
}

Money RollupReader::costBetween(Timestamp from, Timestamp to, const cost::RateCard &card)
{
    Money sum;
    for (const auto &[name, money] : costByName(from, to, card))
        sum += money;
    return sum;
}

bool RollupReader::reaches(Timestamp from, Timestamp to) const
{
    return std::ranges::any_of(d->chunkRanges, [from, to](const Private::ChunkRange &range) {
        return range.firstNs < toUnixNs(to) && range.lastNs > toUnixNs(from);
    });
}

std::int64_t RollupReader::activeAt(Timestamp time)
{
    std::int64_t active = 0;
    for (const Total &total : d->totalsAt(time))
        active += total.starts - total.ends;
    return active;
}

std::vector<std::pair<Timestamp, std::int64_t>> RollupReader::activeSamples(Timestamp from, Timestamp to,
                                                                            RollupLevel level)
{
    std::vector<std::pair<Timestamp, std::int64_t>> samples;
    if (from >= to)
        return samples;
    samples.emplace_back(from, activeAt(from));
    const std::int64_t first = cellOf(from, level);
    std::int64_t active = activeAt(cellStart(first, level));
    const std::vector<Row> rows = d->read(level, first, cellOf(to, level) + 1);
    for (std::size_t i = 0; i < rows.size();) {
        const std::int64_t cell = rows[i].cell;
        for (; i < rows.size() && rows[i].cell == cell; ++i)
            active += rows[i].values.starts - rows[i].values.ends;
        if (const Timestamp time = cellStart(cell + 1, level); time > from && time < to)
            samples.emplace_back(time, active);
    }
    return samples;
}

std::int64_t RollupReader::startsBetween(Timestamp from, Timestamp to)
{
    std::int64_t starts = 0;
    if (from >= to || d->days.empty())
        return 0;
    for (const Total &total : d->totalsAt(to))
        starts += total.starts;
    for (const Total &total : d->totalsAt(from))
        starts -= total.starts;
    return starts;
}

std::optional<std::vector<UsedStretch>> RollupReader::stretchesBetween(Timestamp from, Timestamp to, std::size_t limit)
{
    std::vector<UsedStretch> stretches;
    for (const Private::ChunkRange &range : d->chunkRanges) {
        if (range.firstNs >= toUnixNs(to) || range.lastNs <= toUnixNs(from))
            continue;
        for (const ArchiveChunk::Entry &entry : d->chunk(range.number).entries) {
            if (entry.stretch.start < to && entry.stretch.end > from)
                stretches.push_back(entry.stretch);
        }
        if (stretches.size() > limit)
            return {};
    }
    return stretches;
}

const std::optional<Error> &RollupReader::failed() const
{
    return d->failure;
}

} // namespace sandglass::lifecycle
