#include "services/lifecycle/foldrecords.h"
#include "services/lifecycle/recordmarks.h"

#include <array>

namespace sandglass::lifecycle {

namespace {

constexpr std::uint64_t format = 1;

class Writer
{
public:
    void number(std::uint64_t value)
    {
        for (; value >= 0x80; value >>= 7)
            m_bytes += static_cast<char>(value | 0x80);
        m_bytes += static_cast<char>(value);
    }
    void fixed(std::uint64_t value) ///< hashes: varints would make them longer
    {
        for (int i = 0; i < 8; ++i, value >>= 8)
            m_bytes += static_cast<char>(value & 0xff);
    }
    void time(Timestamp value) { fixed(static_cast<std::uint64_t>(toUnixNs(value))); }
    void time(const std::optional<Timestamp> &value)
    {
        number(value ? 1 : 0);
        if (value)
            time(*value);
    }
    void text(std::string_view value)
    {
        number(value.size());
        m_bytes += value;
    }
    [[nodiscard]] std::string take() { return std::move(m_bytes); }

private:
    std::string m_bytes;
};

/// Reads what Writer wrote; after the first thing that does not fit everything is empty and isSound() false.
class Reader
{
public:
    explicit Reader(std::string_view bytes) : m_bytes(bytes) {}

    std::uint64_t number()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !m_bytes.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(m_bytes.front());
            m_bytes.remove_prefix(1);
            value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
            if (byte < 0x80)
                return value;
        }
        return fail();
    }
    std::uint64_t fixed()
    {
        if (m_bytes.size() < 8)
            return fail();
        std::uint64_t value = 0;
        for (unsigned i = 0; i < 8; ++i)
            value |= static_cast<std::uint64_t>(static_cast<unsigned char>(m_bytes[i])) << (8 * i);
        m_bytes.remove_prefix(8);
        return value;
    }
    Timestamp time() { return fromUnixNs(static_cast<std::int64_t>(fixed())); }
    std::optional<Timestamp> optionalTime() { return number() != 0 ? std::optional(time()) : std::nullopt; }
    std::string text()
    {
        const std::uint64_t size = number();
        if (size > m_bytes.size())
            fail();
        std::string value(m_bytes.substr(0, m_isSound ? size : 0));
        m_bytes.remove_prefix(value.size());
        return value;
    }
    void skipText()
    {
        const std::uint64_t size = number();
        if (size > m_bytes.size())
            fail();
        m_bytes.remove_prefix(m_isSound ? size : 0);
    }
    int smallNumber() { return static_cast<int>(number() & 0x7fffffffU); }
    [[nodiscard]] bool isSound() const { return m_isSound; }
    [[nodiscard]] bool isAtEnd() const { return m_isSound && m_bytes.empty(); }

private:
    std::uint64_t fail()
    {
        m_isSound = false;
        m_bytes = {};
        return 0;
    }

    std::string_view m_bytes;
    bool m_isSound = true;
};

void writeFact(Writer &writer, const Fact &fact)
{
    writer.time(fact.time);
    writer.number(static_cast<std::uint64_t>(fact.type));
    writer.fixed(fact.idHash);
    writer.text(fact.executionId);
    writer.time(fact.startedAt);
    writer.number(fact.executionMs ? static_cast<std::uint64_t>(*fact.executionMs) + 1 : 0);
    writer.number(static_cast<std::uint64_t>(fact.vcpuCount));
    writer.number(static_cast<std::uint64_t>(fact.memoryMb));
    writer.number(fact.isObservedRunning ? 1 : 0);
}

Fact readFact(Reader &reader)
{
    Fact fact;
    fact.time = reader.time();
    fact.type = static_cast<EventType>(std::min<std::uint64_t>(reader.number(), 8));
    fact.idHash = reader.fixed();
    fact.executionId = reader.text();
    fact.startedAt = reader.optionalTime();
    if (const std::uint64_t ms = reader.number(); ms > 0)
        fact.executionMs = static_cast<std::int64_t>(ms - 1);
    fact.vcpuCount = reader.smallNumber();
    fact.memoryMb = reader.smallNumber();
    fact.isObservedRunning = reader.number() != 0;
    return fact;
}

std::array<Origin *, 6> originsOf(auto &records)
{
    return {&records.templateId, &records.templateAlias, &records.teamId,
            &records.metadata,   &records.killReason,    &records.plannedEnd};
}

} // namespace

std::string Fold::record(const std::string &sandboxId) const
{
    const Sandbox *sandbox = find(sandboxId);
    if (!sandbox)
        return {};
    Records &records = *m_records.at(sandbox);
    Writer writer;
    writer.number(format);
    for (const std::string *text :
         {&sandbox->id, &sandbox->templateId, &sandbox->templateAlias, &sandbox->teamId, &sandbox->killReason})
        writer.text(*text);
    writer.number(sandbox->metadata.size());
    for (const auto &[key, value] : sandbox->metadata) {
        writer.text(key);
        writer.text(value);
    }
    writer.time(sandbox->lastEventAt);
    writer.time(records.endAt);
    for (const Origin *origin : originsOf(records)) {
        writer.number(origin->isSet ? 1 : 0);
        if (origin->isSet) {
            writer.time(origin->time);
            writer.fixed(origin->idHash);
        }
    }
    writer.number(records.facts.size());
    for (const Fact &fact : records.facts)
        writeFact(writer, fact);
    return writer.take();
}

bool Fold::read(std::string_view bytes, Sandbox &sandbox, Records &records)
{
    Reader reader(bytes);
    if (reader.number() != format)
        return false;
    for (std::string *text :
         {&sandbox.id, &sandbox.templateId, &sandbox.templateAlias, &sandbox.teamId, &sandbox.killReason})
        *text = reader.text();
    for (auto count = reader.number(); count > 0 && reader.isSound(); --count) {
        std::string key = reader.text();
        sandbox.metadata.emplace(std::move(key), reader.text());
    }
    sandbox.lastEventAt = reader.time();
    records.endAt = reader.optionalTime();
    for (Origin *origin : originsOf(records)) {
        origin->isSet = reader.number() != 0;
        if (origin->isSet) {
            origin->time = reader.time();
            origin->idHash = reader.fixed();
        }
    }
    for (auto count = reader.number(); count > 0 && reader.isSound(); --count)
        records.facts.push_back(readFact(reader));
    const bool isSorted = std::ranges::is_sorted(records.facts, [](const Fact &a, const Fact &b) { return a < b; });
    return reader.isAtEnd() && !sandbox.id.empty() && !records.facts.empty() && isSorted;
}

const Sandbox *Fold::keep(Sandbox sandbox, std::unique_ptr<Records> records)
{
    sandbox.eventCount = static_cast<int>(records->facts.size());
    records->deriveRuns(sandbox);
    records->updatePlannedEnd(sandbox);
    forget(sandbox.id);
    const auto place = m_sandboxes.emplace(sandbox.id, std::move(sandbox)).first;
    m_records[&place->second] = std::move(records);
    noteState(place->second);
    return &place->second;
}

const Sandbox *Fold::adopt(std::string_view bytes)
{
    Sandbox sandbox;
    auto records = std::make_unique<Records>();
    return read(bytes, sandbox, *records) ? keep(std::move(sandbox), std::move(records)) : nullptr;
}

const Sandbox *Fold::adoptUntil(std::string_view bytes, Timestamp until, const EventFinder &earlier)
{
    Sandbox sandbox;
    auto records = std::make_unique<Records>();
    if (!read(bytes, sandbox, *records))
        return nullptr;
    auto &facts = records->facts;
    if (facts.back().time > until) {
        facts.erase(std::ranges::upper_bound(facts, until, {}, &Fact::time), facts.end());
        if (facts.empty())
            return nullptr;
        records->goBack(sandbox, until, earlier);
        sandbox.lastEventAt = facts.back().time;
    }
    return keep(std::move(sandbox), std::move(records));
}

bool appendMarks(std::string_view record, std::vector<EventMark> &marks)
{
    Reader reader(record);
    if (reader.number() != format)
        return false;
    for (int text = 0; text < 5; ++text)
        reader.skipText();
    for (auto count = reader.number(); count > 0 && reader.isSound(); --count) {
        reader.skipText();
        reader.skipText();
    }
    reader.time();
    reader.optionalTime();
    for (int origin = 0; origin < 6; ++origin) {
        if (reader.number() != 0) {
            reader.time();
            reader.fixed();
        }
    }
    for (auto count = reader.number(); count > 0 && reader.isSound(); --count) {
        const Timestamp time = reader.time();
        reader.number();
        marks.push_back({time, reader.fixed()});
        reader.skipText();
        reader.optionalTime();
        for (int number = 0; number < 4; ++number)
            reader.number();
    }
    return reader.isAtEnd();
}

} // namespace sandglass::lifecycle
