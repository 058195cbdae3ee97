#pragma once

#include "services/lifecycle/stretches.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace sandglass::lifecycle {

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

/// What the fold keeps of one sandbox's events.
struct Fold::Records
{
    std::vector<Fact> facts; ///< sorted
    Origin templateId, templateAlias, teamId, metadata, killReason, plannedEnd;
    std::optional<Timestamp> endAt;
    bool isUnsettled = false;  ///< has events that Sandbox does not show yet
    bool areRunsStale = false; ///< and they change its stretches

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

    /// Takes back what was told after `until`; the facts have been cut already.
    void goBack(Sandbox &sandbox, Timestamp until, const EventFinder &earlier);

    void deriveRuns(Sandbox &sandbox) const
    {
        Stretches stretches = deriveStretches(facts);
        sandbox.state = stretches.state;
        sandbox.runs = std::move(stretches.runs);
        sandbox.createdAt = stretches.createdAt;
        sandbox.endedAt = stretches.endedAt;
    }

    /// A planned end that lies before the present stretch belonged to an earlier one.
    void updatePlannedEnd(Sandbox &sandbox) const
    {
        const bool isStale = endAt && !sandbox.runs.empty() && *endAt <= sandbox.runs.back().start;
        sandbox.endAt = isStale ? std::nullopt : endAt;
    }
};

} // namespace sandglass::lifecycle
