#include "services/lifecycle/stretches.h"

#include "services/lifecycle/journalhash.h"
#include "services/lifecycle/stretchindex.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace sandglass::lifecycle {

namespace {

using namespace std::chrono_literals;

constexpr auto sameStart = 2s; ///< the event's time and the provider's started_at differ by the time a start takes
constexpr std::int64_t longestRunMs = 10LL * 366 * 86'400'000; ///< above it execution_time is not believed

int rank(EventType type)
{
    switch (type) {
    case EventType::Created:
        return 0;
    case EventType::Updated:
    case EventType::Checkpointed:
        return 1;
    case EventType::Paused:
        return 2;
    case EventType::Resumed:
        return 3;
    case EventType::Observed:
        return 4;
    case EventType::Killed:
        return 5;
    case EventType::Lost:
        return 6;
    case EventType::Unknown:
        break;
    }
    return 7;
}

struct Stretch
{
    RunInterval run;
    std::optional<Timestamp> startedAt; ///< the provider's own word for run.start
    std::optional<Timestamp> seenAlive; ///< last time it was observed running
};

class Derivation
{
public:
    explicit Derivation(const std::vector<Fact> &facts) : m_facts(facts) {}

    Stretches run();

private:
    void addStarts();
    void addEnd(const Fact &fact);
    void addObservedRunning(const Fact &fact);
    void closeOpen();
    void fillSizes();
    [[nodiscard]] SandboxState stateNow(Stretches &result) const;

    [[nodiscard]] Stretch *byExecution(const std::string &executionId);
    [[nodiscard]] Stretch *byStart(Timestamp start);
    [[nodiscard]] Stretch *lastStartedBy(Timestamp time);
    [[nodiscard]] std::optional<Timestamp> earliestEnd(const Stretch &stretch, const Stretch *next) const;
    Stretch &add(Timestamp start, const std::string &executionId); ///< the text stays where it is
    void tellStart(Stretch &stretch, const std::optional<Timestamp> &startedAt);
    void takeExecution(Stretch &stretch, const Fact &fact);
    [[nodiscard]] std::size_t numberOf(const Stretch &stretch) const
    {
        return static_cast<std::size_t>(&stretch - m_stretches.data());
    }

    const std::vector<Fact> &m_facts;
    std::vector<Stretch> m_stretches;
    // Numbers of stretches, until they are sorted. Found, not searched: a sandbox may have tens of thousands.
    std::unordered_map<std::string_view, std::size_t> m_byExecution; ///< by texts of the facts
    StretchIndex m_starts;                                           ///< by run.start
    StretchIndex m_toldStarts;                                       ///< by startedAt
    std::optional<std::size_t> m_first;                              ///< made by created: nothing ran before it

    std::vector<Timestamp> m_looseEnds; ///< paused and killed events that fit no stretch; sorted
    std::vector<Timestamp> m_softEnds;  ///< lost or observed paused; sorted
    std::optional<Timestamp> m_killedAt;
};

Stretches Derivation::run()
{
    Stretches result;
    addStarts();
    for (const Fact &fact : m_facts) {
        if (fact.type == EventType::Paused || fact.type == EventType::Killed)
            addEnd(fact);
        if (fact.type == EventType::Killed && !m_killedAt)
            m_killedAt = fact.time;
        if (fact.type == EventType::Created && !result.createdAt)
            result.createdAt = fact.time;
    }
    for (const Fact &fact : m_facts) {
        if (fact.type == EventType::Observed && fact.isObservedRunning)
            addObservedRunning(fact);
        else if (fact.type == EventType::Observed || fact.type == EventType::Lost)
            m_softEnds.push_back(fact.time);
    }
    std::ranges::stable_sort(m_stretches, {}, [](const Stretch &s) { return s.run.start; });
    closeOpen();
    fillSizes();
    result.state = stateNow(result);
    if (!result.createdAt && !m_stretches.empty())
        result.createdAt = m_stretches.front().run.start;
    result.runs.reserve(m_stretches.size());
    for (Stretch &stretch : m_stretches)
        result.runs.push_back(std::move(stretch.run));
    return result;
}

void Derivation::addStarts()
{
    for (const Fact &fact : m_facts) {
        if (fact.type != EventType::Created && fact.type != EventType::Resumed)
            continue;
        if (byExecution(fact.executionId))
            continue; // told twice: the facts are sorted, so the earliest stands
        const Stretch &made = add(fact.time, fact.executionId);
        if (fact.type == EventType::Created && !m_first)
            m_first = numberOf(made);
    }
}

void Derivation::addEnd(const Fact &fact)
{
    Stretch *stretch = byExecution(fact.executionId);
    if (!stretch && fact.startedAt) {
        stretch = byStart(*fact.startedAt);
        const bool isOther = stretch && stretch->run.end && !fact.executionId.empty()
            && !stretch->run.executionId.empty(); // ended, and by its id another one
        if (isOther)
            stretch = nullptr;
    }
    if (!stretch && (fact.startedAt || fact.executionMs)) {
        const Timestamp start =
            fact.startedAt ? *fact.startedAt : fact.time - std::chrono::milliseconds(*fact.executionMs);
        stretch = &add(start, fact.executionId);
    }
    if (!stretch) {
        m_looseEnds.push_back(fact.time);
        return;
    }
    if (stretch->run.end)
        return; // the first end is final
    stretch->run.end = std::max(stretch->run.start, fact.time);
    takeExecution(*stretch, fact);
}

void Derivation::tellStart(Stretch &stretch, const std::optional<Timestamp> &startedAt)
{
    if (stretch.startedAt)
        m_toldStarts.remove(*stretch.startedAt, numberOf(stretch));
    stretch.startedAt = startedAt;
    if (startedAt)
        m_toldStarts.add(*startedAt, numberOf(stretch));
}

void Derivation::takeExecution(Stretch &stretch, const Fact &fact)
{
    stretch.run.confirmedMs = fact.executionMs;
    tellStart(stretch, fact.startedAt);
    if (stretch.run.executionId.empty() && !fact.executionId.empty()) {
        stretch.run.executionId = fact.executionId;
        m_byExecution.try_emplace(fact.executionId, numberOf(stretch));
    }
    if (fact.hasSize()) {
        stretch.run.vcpuCount = fact.vcpuCount;
        stretch.run.memoryMb = fact.memoryMb;
    }
}

void Derivation::addObservedRunning(const Fact &fact)
{
    const Timestamp start = fact.startedAt.value_or(fact.time);
    Stretch *stretch = fact.startedAt ? byStart(start) : nullptr;
    if (!stretch) {
        Stretch *before = lastStartedBy(start);
        const bool covers = before && (before->run.end ? *before->run.end > start : !fact.startedAt);
        if (covers)
            stretch = before;
    }
    if (!stretch) {
        if (m_killedAt && start >= *m_killedAt)
            return; // a list older than the kill
        static const std::string none;
        stretch = &add(start, none);
        tellStart(*stretch, fact.startedAt);
    }
    stretch->seenAlive = std::max(stretch->seenAlive.value_or(fact.time), fact.time);
    if (fact.hasSize() && (stretch->run.vcpuCount == 0 || stretch->run.memoryMb == 0)) {
        stretch->run.vcpuCount = fact.vcpuCount;
        stretch->run.memoryMb = fact.memoryMb;
    }
}

void Derivation::closeOpen()
{
    for (std::size_t i = 0; i < m_stretches.size(); ++i) {
        Stretch &stretch = m_stretches[i];
        if (stretch.run.end)
            continue;
        const Stretch *next = i + 1 < m_stretches.size() ? &m_stretches[i + 1] : nullptr;
        stretch.run.end = earliestEnd(stretch, next);
    }
}

std::optional<Timestamp> Derivation::earliestEnd(const Stretch &stretch, const Stretch *next) const
{
    std::optional<Timestamp> end;
    const auto offer = [&end](Timestamp time) { end = end ? std::min(*end, time) : time; };
    const Timestamp start = stretch.run.start;
    if (next)
        offer(next->run.start);
    if (m_killedAt)
        offer(std::max(start, *m_killedAt));
    // Sorted: the first that fits is the earliest.
    if (const auto loose = std::ranges::lower_bound(m_looseEnds, start); loose != m_looseEnds.end())
        offer(*loose);
    const Timestamp alive = std::max(start, stretch.seenAlive.value_or(start));
    if (const auto soft = std::ranges::upper_bound(m_softEnds, alive); soft != m_softEnds.end())
        offer(*soft);
    return end;
}

void Derivation::fillSizes()
{
    const auto last = std::find_if(m_facts.rbegin(), m_facts.rend(), [](const Fact &fact) { return fact.hasSize(); });
    if (last == m_facts.rend())
        return;
    for (Stretch &stretch : m_stretches) {
        if (stretch.run.vcpuCount > 0 && stretch.run.memoryMb > 0)
            continue;
        stretch.run.vcpuCount = last->vcpuCount;
        stretch.run.memoryMb = last->memoryMb;
    }
}

SandboxState Derivation::stateNow(Stretches &result) const
{
    if (m_killedAt) {
        result.endedAt = m_killedAt;
        return SandboxState::Killed;
    }
    if (!m_stretches.empty() && !m_stretches.back().run.end)
        return SandboxState::Running;
    bool wasPaused = false;
    for (auto fact = m_facts.rbegin(); fact != m_facts.rend(); ++fact) {
        if (fact->type == EventType::Lost && !wasPaused) {
            result.endedAt = fact->time;
            return SandboxState::Lost;
        }
        if (fact->type == EventType::Paused || fact->type == EventType::Observed)
            wasPaused = true; // an observed running stretch that is not open was paused afterwards
    }
    return wasPaused ? SandboxState::Paused : SandboxState::Unknown;
}

Stretch *Derivation::byExecution(const std::string &executionId)
{
    if (executionId.empty())
        return nullptr;
    const auto it = m_byExecution.find(executionId);
    return it != m_byExecution.end() ? &m_stretches[it->second] : nullptr;
}

/// The stretch that a start at `start` means: the nearest within 2 s, or the sandbox's first one when nothing
/// can have run before it.
Stretch *Derivation::byStart(Timestamp start)
{
    const auto known = m_starts.nearest(start, sameStart);
    const auto told = m_toldStarts.nearest(start, sameStart);
    if (known || told)
        return &m_stretches[(!told || (known && *known < *told) ? *known : *told).number];
    return m_first && start < m_stretches[*m_first].run.start ? &m_stretches[*m_first] : nullptr;
}

Stretch *Derivation::lastStartedBy(Timestamp time)
{
    const auto number = m_starts.lastUntil(time);
    return number ? &m_stretches[*number] : nullptr;
}

Stretch &Derivation::add(Timestamp start, const std::string &executionId)
{
    const std::size_t number = m_stretches.size();
    Stretch &stretch = m_stretches.emplace_back();
    stretch.run.start = start;
    stretch.run.executionId = executionId;
    m_starts.add(start, number);
    if (!executionId.empty())
        m_byExecution.try_emplace(executionId, number);
    return stretch;
}

} // namespace

Fact Fact::of(const Event &event)
{
    // Nothing ran before 1970; cut there, no difference of two times leaves 64 bits.
    const auto cut = [](Timestamp time) { return std::max(time, Timestamp{}); };
    Fact fact;
    fact.time = cut(event.timestamp);
    fact.type = event.type;
    fact.idHash = static_cast<std::uint64_t>(hashOf(event.id)); // stands in stored records
    fact.executionId = event.executionId;
    fact.isObservedRunning = event.type == EventType::Observed && event.observedState == "running";
    if (event.execution) {
        if (event.execution->startedAt)
            fact.startedAt = cut(*event.execution->startedAt);
        fact.vcpuCount = std::max(0, event.execution->vcpuCount);
        fact.memoryMb = std::max(0, event.execution->memoryMb);
        const std::int64_t ms = event.execution->executionTimeMs;
        if (ms > 0 && ms <= longestRunMs)
            fact.executionMs = ms;
    }
    return fact;
}

bool operator<(const Fact &a, const Fact &b)
{
    return std::tuple(a.time, rank(a.type), a.idHash) < std::tuple(b.time, rank(b.type), b.idHash);
}

Stretches deriveStretches(const std::vector<Fact> &facts)
{
    return Derivation(facts).run();
}

} // namespace sandglass::lifecycle
