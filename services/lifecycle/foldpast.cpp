#include "services/lifecycle/foldrecords.h"

namespace sandglass::lifecycle {

namespace {

/// A property of which the latest word stands, and the word it had until now.
struct Latest
{
    Origin *origin;
    std::string *text;
    std::string later;
};

} // namespace

void Fold::Records::goBack(Sandbox &sandbox, Timestamp until, const EventFinder &earlier)
{
    const auto isLater = [until](const Origin &origin) { return origin.isSet && origin.time > until; };
    if (isLater(killReason)) { // the earliest word stands: none is older
        killReason = {};
        sandbox.killReason.clear();
    }
    std::vector<Latest> texts;
    const auto takeBack = [&](Origin &origin, std::string &text) {
        if (!isLater(origin))
            return;
        origin = {};
        texts.push_back({&origin, &text, std::exchange(text, {})});
    };
    takeBack(templateId, sandbox.templateId);
    takeBack(templateAlias, sandbox.templateAlias);
    takeBack(teamId, sandbox.teamId);
    std::optional<std::map<std::string, std::string>> laterMetadata;
    if (isLater(metadata)) {
        metadata = {};
        laterMetadata = std::exchange(sandbox.metadata, {});
    }
    const bool hasLaterEnd = isLater(plannedEnd);
    if (hasLaterEnd) {
        plannedEnd = {};
        endAt.reset();
    }
    // At one time the order of origins is not that of the facts.
    const auto isOpen = [](const Origin &origin, const Fact &fact) {
        return !origin.isSet || origin.time == fact.time;
    };
    const auto isMissing = [&](const Fact &fact) { // whether this event may tell what is looked for
        const bool isText = std::ranges::any_of(texts, [&](const Latest &latest) {
            const bool isTold = latest.origin != &templateAlias || fact.type == EventType::Observed;
            return isOpen(*latest.origin, fact) && isTold;
        });
        return isText || (laterMetadata && isOpen(metadata, fact)) || (hasLaterEnd && isOpen(plannedEnd, fact));
    };
    bool isAllThere = true;
    for (auto fact = facts.rbegin(); fact != facts.rend(); ++fact) {
        if (!isMissing(*fact))
            continue;
        const auto event = earlier(sandbox.id, fact->idHash);
        isAllThere = isAllThere && event;
        if (event)
            takeProperties(*event, *fact, sandbox);
    }
    if (isAllThere)
        return;
    for (Latest &latest : texts) {
        if (!latest.origin->isSet)
            *latest.text = std::move(latest.later);
    }
    if (laterMetadata && !metadata.isSet)
        sandbox.metadata = std::move(*laterMetadata);
}

} // namespace sandglass::lifecycle
