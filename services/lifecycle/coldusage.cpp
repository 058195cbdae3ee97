#include "services/lifecycle/coldusage.h"

#include "services/cost/meter.h"
#include "services/lifecycle/coldsandboxes.h"
#include "services/lifecycle/database.h"
#include "services/lifecycle/journalhash.h"
#include "services/lifecycle/rolluparchive.h"
#include "services/lifecycle/usageindex.h"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t mostFacts = 1'000'000;
constexpr std::size_t longestKeyList = 100'000; ///< names of rollups that are looked at for their keys
constexpr std::uint32_t noValue = 0;            ///< index of "without the key"

/// What the archive does not tell of a sandbox.
struct Facts
{
    std::int64_t number = 0;
    std::uint32_t value = noValue; ///< of the present key
    std::uint32_t estimated = 0;   ///< a bit for each stretch whose length nobody has told; the last one for all later
    std::uint16_t runs = 0;
    bool isConfirmed = true;
    bool isPartial = false;
};

constexpr std::size_t lastBit = 31;

Facts factsOf(std::int64_t number, const Sandbox &sandbox)
{
    Facts facts;
    facts.number = number;
    facts.runs = static_cast<std::uint16_t>(std::min<std::size_t>(sandbox.runs.size(), UINT16_MAX));
    std::size_t stretch = 0; // as ArchiveChunk::add counts them
    for (const RunInterval &run : sandbox.runs) {
        if (usageOf(run, run.end.value_or(run.start)).effectiveEnd() > run.start) {
            if (!run.confirmedMs)
                facts.estimated |= 1U << std::min(stretch, lastBit);
            ++stretch;
        }
        facts.isConfirmed = facts.isConfirmed && run.confirmedMs.has_value();
        facts.isPartial = facts.isPartial || run.vcpuCount <= 0 || run.memoryMb <= 0;
    }
    return facts;
}

} // namespace

void ColdUsage::Group::add(const Group &other)
{
    if (other.amount)
        amount = amount.value_or(Money{}) + *other.amount;
    confirmed += other.confirmed;
    runtimeMs += other.runtimeMs;
    sandboxes += other.sandboxes;
    runs += other.runs;
    isConfirmed = isConfirmed && other.isConfirmed;
    isPartial = isPartial || other.isPartial;
}

bool isDearer(const ColdUsage::Group &a, const ColdUsage::Group &b)
{
    const Money first = a.amount.value_or(Money{});
    const Money second = b.amount.value_or(Money{});
    return first != second ? first > second : a.name < b.name;
}

std::span<const ColdUsage::Day> ColdUsage::daysWithin(const std::vector<Day> &days, Timestamp from, Timestamp to)
{
    const auto first = std::ranges::partition_point(days, [from](const Day &day) { return day.to <= from; });
    const auto last = std::partition_point(first, days.end(), [to](const Day &day) { return day.from < to; });
    return {first, last};
}

struct ColdUsage::Private
{
    explicit Private(Database opened)
        : database(std::move(opened))
        , chunkSelect(database, "SELECT number, data FROM archive WHERE last_ns > ?1 AND first_ns < ?2 ORDER BY number")
        , recordSelect(database, "SELECT coalesce(counted, record) FROM sandboxes WHERE number = ?1")
        , idSelect(database, "SELECT id FROM sandboxes WHERE number = ?1")
        , numberSelect(database, "SELECT number FROM sandboxes WHERE id_hash = ?1 AND id = ?2")
    {}

    [[nodiscard]] Result<> addChunk(const Question &question, std::int64_t number, const ArchiveChunk &chunk);
    [[nodiscard]] Result<const std::vector<Facts> *> factsOfChunk(std::int64_t number, const ArchiveChunk &chunk);
    [[nodiscard]] static Group shareOf(const cost::RateCard &card, std::span<const ArchiveChunk::Entry> entries,
                                       const Facts &sandbox, Timestamp from, Timestamp to);
    void addByDay(const Question &question, const cost::RateCard &card, std::span<const ArchiveChunk::Entry> entries,
                  const Facts &sandbox);
    void addTo(const Question &question, const ArchiveChunk &chunk, const ArchiveChunk::Entry &entry,
               const Facts &facts, Group share);
    void keepDearest(const Question &question);
    void useKey(const Question &question);
    void leaveOut(const std::vector<std::string> &ids);
    [[nodiscard]] std::string idOf(std::int64_t number);
    [[nodiscard]] tl::unexpected<Error> failed() const
    {
        return failure(database.lastError("the journal's tables cannot be read"));
    }

    Database database;
    Statement chunkSelect, recordSelect, idSelect, numberSelect;

    std::map<std::int64_t, std::vector<Facts>> facts; ///< by chunk, in the order of its entries
    std::size_t factCount = 0;
    std::string key; ///< of which `facts` hold the value
    std::vector<std::string> values;
    std::unordered_map<std::string, std::uint32_t> valueIndices;

    std::vector<std::string> leftOutIds;
    std::unordered_set<std::int64_t> leftOut; ///< the same by number

    // Of the present answer
    std::unordered_map<std::string, Group> named;
    Group without;
    std::vector<std::pair<Group, std::int64_t>> sandboxes; ///< with their number
    Answer answer;
};

ColdUsage::ColdUsage(std::unique_ptr<Private> p) : d(std::move(p)) {}
ColdUsage::ColdUsage(ColdUsage &&) noexcept = default;
ColdUsage &ColdUsage::operator=(ColdUsage &&) noexcept = default;
ColdUsage::~ColdUsage() = default;

Result<ColdUsage> ColdUsage::open(const std::filesystem::path &file)
{
    auto database = Database::open(file, Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    auto state = std::make_unique<Private>(std::move(*database));
    if (!state->chunkSelect.isValid() || !state->recordSelect.isValid())
        return state->failed();
    return ColdUsage(std::move(state));
}

/// Values are known by their place in a list, which belongs to one key.
void ColdUsage::Private::useKey(const Question &question)
{
    if (question.grouping != Grouping::Metadata || question.key == key)
        return;
    key = question.key;
    facts.clear();
    factCount = 0;
    values.clear();
    valueIndices.clear();
}

void ColdUsage::Private::leaveOut(const std::vector<std::string> &ids)
{
    if (ids == leftOutIds)
        return;
    leftOutIds = ids;
    leftOut.clear();
    for (const std::string &id : ids) {
        if (numberSelect.bind(1, hashOf(id)).bindText(2, id).step() == SQLITE_ROW)
            leftOut.insert(numberSelect.integer(0));
        numberSelect.reset();
    }
}

std::string ColdUsage::Private::idOf(std::int64_t number)
{
    std::string id;
    if (idSelect.bind(1, number).step() == SQLITE_ROW)
        id = idSelect.bytes(0);
    idSelect.reset();
    return id;
}

Result<const std::vector<Facts> *> ColdUsage::Private::factsOfChunk(std::int64_t number, const ArchiveChunk &chunk)
{
    if (const auto known = facts.find(number); known != facts.end())
        return &known->second;
    std::vector<Facts> read;
    for (const ArchiveChunk::Entry &entry : chunk.entries) {
        if (!read.empty() && read.back().number == entry.sandbox)
            continue; // stretches of one sandbox stand together
        const int status = recordSelect.bind(1, entry.sandbox).step();
        const auto sandbox = status == SQLITE_ROW ? sandboxOf(recordSelect.bytes(0)) : std::nullopt;
        recordSelect.reset();
        if (status != SQLITE_ROW && status != SQLITE_DONE)
            return failed();
        read.push_back(sandbox ? factsOf(entry.sandbox, *sandbox)
                               : Facts{entry.sandbox, noValue, UINT32_MAX, 1, false, false});
        if (!sandbox || key.empty())
            continue;
        if (const auto entryOfKey = sandbox->metadata.find(key); entryOfKey != sandbox->metadata.end()) {
            const auto next = static_cast<std::uint32_t>(values.size() + 1);
            const auto [place, isNew] = valueIndices.try_emplace(entryOfKey->second, next);
            if (isNew)
                values.push_back(entryOfKey->second);
            read.back().value = place->second;
        }
    }
    if (factCount + read.size() > mostFacts) {
        facts.clear();
        factCount = 0;
    }
    factCount += read.size();
    return &(facts[number] = std::move(read));
}

Result<> ColdUsage::Private::addChunk(const Question &question, std::int64_t number, const ArchiveChunk &chunk)
{
    auto known = factsOfChunk(number, chunk);
    if (!known)
        return failure(std::move(known.error()));
    auto next = (*known)->begin();
    for (std::size_t i = 0; i < chunk.entries.size(); ++next) {
        std::size_t end = i + 1;
        while (end < chunk.entries.size() && chunk.entries[end].sandbox == chunk.entries[i].sandbox)
            ++end;
        const std::span entries(chunk.entries.data() + i, end - i);
        i = end;
        if (!leftOut.empty() && leftOut.contains(entries.front().sandbox))
            continue;
        const cost::RateCard &card = question.card.of(RollupName::of(chunk.names[entries.front().name]).team);
        if (question.grouping == Grouping::Day)
            addByDay(question, card, entries, *next);
        else if (Group share = shareOf(card, entries, *next, question.from, question.to); share.runtimeMs != 0)
            addTo(question, chunk, entries.front(), *next, std::move(share));
    }
    return {};
}

/// What the stretches of one sandbox used in [from, to).
ColdUsage::Group ColdUsage::Private::shareOf(const cost::RateCard &card, std::span<const ArchiveChunk::Entry> entries,
                                             const Facts &sandbox, Timestamp from, Timestamp to)
{
    Group share;
    share.amount = Money{};
    bool isSized = false;
    std::size_t place = 0;
    for (const ArchiveChunk::Entry &entry : entries) {
        const UsedStretch &stretch = entry.stretch;
        const cost::Usage usage{stretch.start, stretch.end, {}, stretch.vcpuCount, stretch.memoryMb};
        if (const auto price = cost::priceOf(usage, card, from, to)) {
            *share.amount += *price;
            if ((sandbox.estimated >> std::min(place, lastBit) & 1U) == 0)
                share.confirmed += *price;
            isSized = true;
        }
        ++place;
        const Timestamp begin = std::max(stretch.start, from);
        const Timestamp end = std::min(stretch.end, to);
        if (end > begin)
            share.runtimeMs += std::chrono::floor<std::chrono::milliseconds>(end - begin).count();
    }
    if (!isSized)
        share.amount.reset();
    share.sandboxes = 1;
    share.runs = sandbox.runs;
    share.isConfirmed = sandbox.isConfirmed;
    share.isPartial = sandbox.isPartial || !isSized;
    return share;
}

void ColdUsage::Private::addByDay(const Question &question, const cost::RateCard &card,
                                  std::span<const ArchiveChunk::Entry> entries, const Facts &sandbox)
{
    Timestamp first = Timestamp::max();
    Timestamp last = Timestamp::min();
    for (const ArchiveChunk::Entry &entry : entries) {
        first = std::min(first, entry.stretch.start);
        last = std::max(last, entry.stretch.end);
    }
    for (const Day &day : daysWithin(question.days, first, last)) {
        Group share = shareOf(card, entries, sandbox, std::max(day.from, question.from), std::min(day.to, question.to));
        // Less than a millisecond of a day may still hold the turn to the next one, which costs.
        if (share.runtimeMs != 0 || !share.amount.value_or(Money{}).isZero())
            named[day.name].add(share);
    }
}

void ColdUsage::Private::addTo(const Question &question, const ArchiveChunk &chunk, const ArchiveChunk::Entry &entry,
                               const Facts &sandbox, Group share)
{
    switch (question.grouping) {
    case Grouping::Template:
        return named[std::string(RollupName::of(chunk.names[entry.name]).name)].add(share);
    case Grouping::Metadata:
        return sandbox.value == noValue ? without.add(share) : named[values[sandbox.value - 1]].add(share);
    case Grouping::Day:
        return; // addByDay()
    case Grouping::Sandbox:
        sandboxes.emplace_back(std::move(share), entry.sandbox);
        if (sandboxes.size() >= 4 * (question.mostGroups + 1))
            keepDearest(question);
    }
}

/// Those of the sandboxes that will not be among the dearest become one sum.
void ColdUsage::Private::keepDearest(const Question &question)
{
    if (sandboxes.size() <= question.mostGroups)
        return;
    const auto kept = sandboxes.begin() + static_cast<std::ptrdiff_t>(question.mostGroups);
    std::ranges::nth_element(sandboxes, kept, isDearer, [](const auto &one) -> const Group & { return one.first; });
    for (auto left = kept; left != sandboxes.end(); ++left) {
        answer.rest.add(left->first);
        ++answer.restCount;
    }
    sandboxes.erase(kept, sandboxes.end());
}

Result<ColdUsage::Answer> ColdUsage::answer(const Question &question, const std::function<bool()> &isStopped)
{
    d->useKey(question);
    d->leaveOut(question.leftOut);
    d->named.clear();
    d->sandboxes.clear();
    d->without = {};
    d->answer = {};
    d->chunkSelect.bind(1, toUnixNs(question.from)).bind(2, toUnixNs(question.to));
    int status = SQLITE_DONE;
    Result<> done;
    while (done && (status = d->chunkSelect.step()) == SQLITE_ROW) {
        const auto chunk = ArchiveChunk::decode(d->chunkSelect.bytes(1));
        if (!chunk)
            done = failure(Error::Kind::Local, "the journal's archive is damaged");
        else if (isStopped())
            done = failure(Error::Kind::Local, "stopped");
        else
            done = d->addChunk(question, d->chunkSelect.integer(0), *chunk);
    }
    d->chunkSelect.reset();
    if (!done)
        return failure(std::move(done.error()));
    if (status != SQLITE_DONE)
        return d->failed();

    d->keepDearest(question);
    Answer answer = std::move(d->answer);
    for (auto &[group, number] : d->sandboxes) {
        group.name = d->idOf(number);
        answer.groups.push_back(std::move(group));
    }
    for (auto &[name, group] : d->named) {
        group.name = name;
        answer.groups.push_back(std::move(group));
    }
    if (d->without.sandboxes > 0)
        answer.groups.push_back(d->without);
    d->named.clear();
    d->sandboxes.clear();
    std::ranges::sort(answer.groups, isDearer);
    for (; answer.groups.size() > question.mostGroups; answer.groups.pop_back()) {
        answer.rest.add(answer.groups.back());
        ++answer.restCount;
    }
    return answer;
}

Result<std::vector<std::string>> ColdUsage::metadataKeys(std::size_t limit)
{
    Statement select(d->database,
                     "SELECT DISTINCT substr(name, 1, instr(name, '=') - 1) FROM (SELECT DISTINCT name FROM rollups "
                     "WHERE level = 2 AND kind = 1 LIMIT ?1) ORDER BY 1 LIMIT ?2");
    static_assert(static_cast<int>(RollupLevel::Day) == 2 && static_cast<int>(RollupKind::Metadata) == 1);
    select.bind(1, static_cast<std::int64_t>(longestKeyList)).bind(2, static_cast<std::int64_t>(limit));
    std::vector<std::string> keys;
    int status = SQLITE_DONE;
    while ((status = select.step()) == SQLITE_ROW)
        keys.emplace_back(select.bytes(0));
    if (status != SQLITE_DONE)
        return d->failed();
    return keys;
}

} // namespace sandglass::lifecycle
