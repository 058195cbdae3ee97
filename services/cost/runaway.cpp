#include "services/cost/runaway.h"

#include <algorithm>

using std::chrono::milliseconds;

namespace sandglass::cost {

milliseconds RunawayRules::thresholdFor(const SandboxFacts &sandbox) const
{
    return thresholdFor(sandbox.templateId, sandbox.templateName);
}

milliseconds RunawayRules::thresholdFor(const std::string &templateId, const std::string &templateName) const
{
    for (const std::string *name : {&templateId, &templateName}) {
        if (const auto found = perTemplate.find(*name); found != perTemplate.end())
            return found->second;
    }
    return threshold;
}

std::vector<Runaway> findRunaways(const std::vector<SandboxFacts> &sandboxes, const RunawayRules &rules, Timestamp now)
{
    std::vector<Runaway> found;
    for (const SandboxFacts &sandbox : sandboxes) {
        if (sandbox.state != SandboxFacts::State::Running)
            continue;
        const milliseconds active = activeTime(sandbox, now);
        const milliseconds exceeded = active - rules.thresholdFor(sandbox);
        if (exceeded > milliseconds::zero())
            found.push_back({sandbox.id, active, exceeded});
    }
    std::ranges::sort(found, [](const Runaway &a, const Runaway &b) {
        return a.active != b.active ? a.active > b.active : a.sandboxId < b.sandboxId;
    });
    return found;
}

std::optional<Timestamp> nextRunawayAt(const std::vector<SandboxFacts> &sandboxes, const RunawayRules &rules,
                                       Timestamp now)
{
    std::optional<Timestamp> next;
    for (const SandboxFacts &sandbox : sandboxes) {
        if (sandbox.state != SandboxFacts::State::Running || !sandbox.runningSince)
            continue;
        const milliseconds left = rules.thresholdFor(sandbox) - sandbox.activeBefore;
        const Timestamp over = *sandbox.runningSince + left + milliseconds(1); // strictly longer
        if (over > now && (!next || over < *next))
            next = over;
    }
    return next;
}

} // namespace sandglass::cost
