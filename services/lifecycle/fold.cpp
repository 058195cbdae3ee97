#include "services/lifecycle/fold.h"

#include "services/lifecycle/stretches.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

namespace sandglass::lifecycle {

namespace {

/// Which event a value comes from. Of several the latest (or earliest) in the fold's order stands, whatever
/// the order of arrival.
struct Origin
{
    bool isSet = false;
    Timestamp time{};
    std::uint64_t idHash = 0;

    bool takeLatest(const Fact &fact)
    {
        return take(fact, !isSet || std::tie(time, idHash) < std::tie(fact.time, fact.idHash));
    }
    bool takeEarliest(const Fact &fact)
    {
        return take(fact, !isSet || std::tie(fact.time, fact.idHash) < std::tie(time, idHash));
    }

private:
    bool take(const Fact &fact, bool isBetter)
    {
        if (isBetter)
            *this = {true, fact.time, fact.idHash};
        return isBetter;
    }
};

bool changesStretches(EventType type)
{
    return type != EventType::Updated && type != EventType::Checkpointed;
}

} // namespace

struct Fold::Records
{
    std::vector<Fact> facts; ///< sorted
    Origin templateId, templateAlias, teamId, metadata, killReason, plannedEnd;
    std::optional<Timestamp> endAt;

    /// False when the event is known already.
    bool add(const Fact &fact)
    {
        const auto place = std::ranges::lower_bound(facts, fact, [](const Fact &a, const Fact &b) { return a < b; });
        if (place != facts.end() && !(fact < *place))
            return false;
        facts.insert(place, fact);
        return true;
    }

    void takeProperties(const Event &event, const Fact &fact, Sandbox &sandbox)
    {
        if (!event.templateId.empty() && templateId.takeLatest(fact))
            sandbox.templateId = event.templateId;
        if (!event.templateAlias.empty() && templateAlias.takeLatest(fact))
            sandbox.templateAlias = event.templateAlias;
        if (!event.teamId.empty() && teamId.takeLatest(fact))
            sandbox.teamId = event.teamId;
        if (!event.metadata.empty() && metadata.takeLatest(fact))
            sandbox.metadata = event.metadata;
        if (!event.killReason.empty() && killReason.takeEarliest(fact))
            sandbox.killReason = event.killReason;
        if (event.newEnd && plannedEnd.takeLatest(fact))
            endAt = event.newEnd;
    }

    /// A planned end that lies before the present stretch belonged to an earlier one.
    void updatePlannedEnd(Sandbox &sandbox) const
    {
        const bool isStale = endAt && !sandbox.runs.empty() && *endAt <= sandbox.runs.back().start;
        sandbox.endAt = isStale ? std::nullopt : endAt;
    }
};

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
    if (changesStretches(event.type)) {
        Stretches stretches = deriveStretches(records->facts);
        sandbox.state = stretches.state;
        sandbox.runs = std::move(stretches.runs);
        sandbox.createdAt = stretches.createdAt;
        sandbox.endedAt = stretches.endedAt;
    }
    records->updatePlannedEnd(sandbox);
    return true;
}

const Sandbox *Fold::find(const std::string &sandboxId) const
{
    const auto it = m_sandboxes.find(sandboxId);
    return it != m_sandboxes.end() ? &it->second : nullptr;
}

} // namespace sandglass::lifecycle
