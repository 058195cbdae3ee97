#include "services/lifecycle/fold.h"

#include "services/lifecycle/stretches.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sandglass::lifecycle {

namespace {

/// A value of which the one with the latest (time, id) stands, whatever the order of arrival.
template<typename T>
struct Latest
{
    bool isSet = false;
    Timestamp time{};
    std::string id;
    T value{};

    bool offer(const Event &event, const T &candidate)
    {
        if (isSet && std::tie(event.timestamp, event.id) <= std::tie(time, id))
            return false;
        isSet = true;
        time = event.timestamp;
        id = event.id;
        value = candidate;
        return true;
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
    Latest<std::string> templateId, templateAlias, teamId;
    Latest<std::map<std::string, std::string>> metadata;
    Latest<std::optional<Timestamp>> endAt;

    /// False when the event is known already.
    bool add(const Event &event)
    {
        Fact fact = Fact::of(event);
        const auto place =
            std::ranges::lower_bound(facts, fact, [](const Fact &a, const Fact &b) { return a < b; });
        if (place != facts.end() && !(fact < *place))
            return false;
        facts.insert(place, std::move(fact));
        return true;
    }

    void takeProperties(const Event &event, Sandbox &sandbox)
    {
        if (!event.templateId.empty() && templateId.offer(event, event.templateId))
            sandbox.templateId = event.templateId;
        if (!event.templateAlias.empty() && templateAlias.offer(event, event.templateAlias))
            sandbox.templateAlias = event.templateAlias;
        if (!event.teamId.empty() && teamId.offer(event, event.teamId))
            sandbox.teamId = event.teamId;
        if (!event.metadata.empty() && metadata.offer(event, event.metadata))
            sandbox.metadata = event.metadata;
        if (event.newEnd)
            endAt.offer(event, event.newEnd);
    }

    /// A planned end that lies before the present stretch belonged to an earlier one.
    void updatePlannedEnd(Sandbox &sandbox) const
    {
        const bool isStale =
            endAt.value && !sandbox.runs.empty() && *endAt.value <= sandbox.runs.back().start;
        sandbox.endAt = isStale ? std::nullopt : endAt.value;
    }
};

Fold::Fold() = default;
Fold::~Fold() = default;
Fold::Fold(Fold &&) noexcept = default;
Fold &Fold::operator=(Fold &&) noexcept = default;

bool Fold::apply(const Event &event)
{
    if (event.type == EventType::Unknown || event.sandboxId.empty())
        return false;
    std::unique_ptr<Records> &records = m_records[event.sandboxId];
    if (!records)
        records = std::make_unique<Records>();
    if (!records->add(event))
        return false;

    Sandbox &sandbox = m_sandboxes[event.sandboxId];
    if (sandbox.id.empty())
        sandbox.id = event.sandboxId;
    sandbox.eventCount += 1;
    sandbox.lastEventAt =
        sandbox.eventCount == 1 ? event.timestamp : std::max(sandbox.lastEventAt, event.timestamp);
    records->takeProperties(event, sandbox);
    if (changesStretches(event.type)) {
        Stretches stretches = deriveStretches(records->facts);
        sandbox.state = stretches.state;
        sandbox.runs = std::move(stretches.runs);
        sandbox.createdAt = stretches.createdAt;
        sandbox.endedAt = stretches.endedAt;
        sandbox.killReason = std::move(stretches.killReason);
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
