#include "services/lifecycle/fold.h"

#include "services/lifecycle/foldrecords.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace sandglass::lifecycle {

namespace {

bool changesStretches(EventType type)
{
    return type != EventType::Updated && type != EventType::Checkpointed;
}

} // namespace

std::optional<std::chrono::milliseconds> Sandbox::earlyBy() const
{
    constexpr std::chrono::seconds tolerance(5);
    const bool isGone = state == SandboxState::Killed || state == SandboxState::Lost;
    if (!isGone || killReason == "request" || !endAt || !endedAt || *endedAt >= *endAt)
        return {};
    // Not as one difference of signed times: a planned end may lie centuries away.
    const auto left = static_cast<std::uint64_t>(toUnixNs(*endAt)) - static_cast<std::uint64_t>(toUnixNs(*endedAt));
    const std::chrono::milliseconds early(left / 1'000'000);
    return early > tolerance ? std::optional(early) : std::nullopt;
}

Fold::Fold() = default;
Fold::~Fold() = default;
Fold::Fold(Fold &&) noexcept = default;
Fold &Fold::operator=(Fold &&) noexcept = default;

bool Fold::apply(const Event &event)
{
    const bool isChanged = add(event);
    settle();
    return isChanged;
}

bool Fold::add(const Event &event)
{
    if (event.type == EventType::Unknown || event.sandboxId.empty())
        return false;
    const auto [entry, isNew] = m_sandboxes.try_emplace(event.sandboxId);
    Sandbox &sandbox = entry->second;
    std::unique_ptr<Records> &records = m_records[&sandbox];
    if (isNew) {
        sandbox.id = event.sandboxId;
        records = std::make_unique<Records>();
    }
    const Fact fact = Fact::of(event);
    if (!records->add(fact))
        return false;

    sandbox.eventCount += 1;
    sandbox.lastEventAt = sandbox.eventCount == 1 ? event.timestamp : std::max(sandbox.lastEventAt, event.timestamp);
    records->takeProperties(event, fact, sandbox);
    records->areRunsStale = records->areRunsStale || changesStretches(event.type);
    if (!std::exchange(records->isUnsettled, true))
        m_unsettled.push_back(sandbox.id);
    return true;
}

void Fold::settle()
{
    for (const std::string &id : m_unsettled) {
        const auto entry = m_sandboxes.find(id);
        if (entry == m_sandboxes.end())
            continue;
        Records &records = *m_records[&entry->second];
        if (!std::exchange(records.isUnsettled, false))
            continue; // forgotten and known again since
        if (std::exchange(records.areRunsStale, false))
            records.deriveRuns(entry->second);
        records.updatePlannedEnd(entry->second);
        noteState(entry->second);
    }
    m_unsettled.clear();
}

void Fold::forget(const std::string &sandboxId)
{
    const auto it = m_sandboxes.find(sandboxId);
    if (it == m_sandboxes.end())
        return;
    m_live.erase(&it->second);
    m_records.erase(&it->second);
    m_sandboxes.erase(it);
}

void Fold::noteState(const Sandbox &sandbox)
{
    if (sandbox.isLive())
        m_live.insert(&sandbox);
    else
        m_live.erase(&sandbox);
}

const Sandbox *Fold::find(const std::string &sandboxId) const
{
    const auto it = m_sandboxes.find(sandboxId);
    return it != m_sandboxes.end() ? &it->second : nullptr;
}

} // namespace sandglass::lifecycle
