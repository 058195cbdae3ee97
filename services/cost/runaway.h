#pragma once

#include "services/cost/sandboxfacts.h"

namespace sandglass::cost {

/// From when on a sandbox counts as forgotten. Running time only: a pause stops the watch.
struct RunawayRules
{
    std::chrono::milliseconds threshold = std::chrono::minutes(10);
    std::map<std::string, std::chrono::milliseconds> perTemplate; ///< by id or name

    [[nodiscard]] std::chrono::milliseconds thresholdFor(const SandboxFacts &sandbox) const;
    [[nodiscard]] std::chrono::milliseconds thresholdFor(const std::string &templateId,
                                                         const std::string &templateName) const;
};

struct Runaway
{
    std::string sandboxId;
    std::chrono::milliseconds active{};
    std::chrono::milliseconds exceededBy{}; ///< more than zero: exactly the threshold is not yet too long
};

/// Running sandboxes over their threshold, the longest first.
[[nodiscard]] std::vector<Runaway> findRunaways(const std::vector<SandboxFacts> &sandboxes, const RunawayRules &rules,
                                                Timestamp now);
/// When the next one will be over it if nothing happens meanwhile: the time of one timer, so that nobody polls. Empty
/// when none runs that is not over it already.
[[nodiscard]] std::optional<Timestamp> nextRunawayAt(const std::vector<SandboxFacts> &sandboxes,
                                                     const RunawayRules &rules, Timestamp now);

} // namespace sandglass::cost
