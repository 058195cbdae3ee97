#pragma once

#include "services/cost/sandboxfacts.h"

#include <string>

/// Sandboxes for the tests of this room.
namespace sandglass::cost::sample {

inline const Timestamp epoch = parseRfc3339("2026-08-20T10:00:00Z").value();

/// Running since `since`, created then.
inline SandboxFacts running(std::string id, Timestamp since, const char *cost = nullptr)
{
    SandboxFacts facts;
    facts.id = std::move(id);
    facts.templateId = "tpl";
    facts.templateName = "ml";
    facts.connection = "local";
    facts.metadata = {{"user", "42"}};
    facts.createdAt = facts.runningSince = since;
    if (cost != nullptr)
        facts.costInPeriod = Money::parse(cost);
    return facts;
}

inline SandboxFacts ended(std::string id, Timestamp created, const char *cost = nullptr)
{
    SandboxFacts facts = running(std::move(id), created, cost);
    facts.state = SandboxFacts::State::Ended;
    facts.runningSince.reset();
    facts.activeBefore = std::chrono::minutes(1);
    return facts;
}

} // namespace sandglass::cost::sample
