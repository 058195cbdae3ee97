#include "services/lifecycle/reconcile.h"

#include "services/lifecycle/createintents.h"

#include <algorithm>
#include <unordered_set>

namespace sandglass::lifecycle {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> ageOf(const ObservedSandbox &row, Timestamp now)
{
    if (!row.startedAt)
        return std::nullopt;
    return std::max(milliseconds(0), std::chrono::floor<milliseconds>(now - *row.startedAt));
}

std::optional<CleanUpPlan::Reason> reasonToSpare(const Orphan &orphan, const CleanUpRules &rules)
{
    using Reason = CleanUpPlan::Reason;
    if (rules.kept.contains(orphan.row.sandboxId))
        return Reason::Kept;
    if (rules.named.contains(orphan.row.sandboxId))
        return std::nullopt;
    if (orphan.owner == Owner::Unknown)
        return Reason::UnknownOwner;
    if (orphan.owner == Owner::Other && !rules.takesOthers)
        return Reason::OtherInstallation;
    if (orphan.owner == Owner::Mine && !rules.takesMine)
        return Reason::NotAsked;
    if (!orphan.age)
        return Reason::AgeUnknown;
    return *orphan.age > rules.olderThan ? std::nullopt : std::optional(Reason::TooYoung);
}

} // namespace

Owner ownerOf(const ObservedSandbox &row, const std::string &installation)
{
    const auto mark = row.metadata.find(ownerKey);
    if (mark == row.metadata.end() || mark->second.empty())
        return Owner::Unknown;
    return mark->second == installation ? Owner::Mine : Owner::Other;
}

AgeTier ageTierOf(const std::optional<milliseconds> &age)
{
    if (!age)
        return AgeTier::Unknown;
    if (*age < std::chrono::hours(1))
        return AgeTier::Hour;
    return *age < std::chrono::hours(24) ? AgeTier::Day : AgeTier::Older;
}

bool isKnownByEvents(const Sandbox &sandbox)
{
    // The list knows no execution ids; events of the provider carry them.
    return std::ranges::any_of(sandbox.runs, [](const RunInterval &run) { return !run.executionId.empty(); });
}

std::vector<Orphan> orphansOf(const Fold &fold, const std::vector<ObservedSandbox> &list,
                              const std::string &installation, Timestamp now)
{
    std::vector<Orphan> orphans;
    std::unordered_set<std::string> present;
    for (const ObservedSandbox &row : list) {
        if (row.sandboxId.empty() || !present.insert(row.sandboxId).second)
            continue;
        const Sandbox *known = fold.find(row.sandboxId);
        if (!known || !isKnownByEvents(*known))
            orphans.push_back({row, ownerOf(row, installation), ageOf(row, now)});
    }
    std::ranges::stable_sort(orphans, [](const Orphan &a, const Orphan &b) {
        return a.age.value_or(milliseconds(-1)) > b.age.value_or(milliseconds(-1));
    });
    return orphans;
}

Reconciliation reconcile(const Fold &fold, const std::vector<ObservedSandbox> &list, const std::string &installation,
                         const std::function<bool(const Sandbox &)> &isOurs, Timestamp now)
{
    Reconciliation result;
    result.unknown = orphansOf(fold, list, installation, now);
    std::unordered_set<std::string> present;
    for (const ObservedSandbox &row : list) {
        if (!row.sandboxId.empty())
            present.insert(row.sandboxId);
    }
    result.agreed = static_cast<int>(present.size() - result.unknown.size());
    for (const Sandbox *sandbox : fold.live()) {
        if (!present.contains(sandbox->id) && (!isOurs || isOurs(*sandbox)))
            result.gone.push_back(sandbox->id);
    }
    std::ranges::sort(result.gone);
    return result;
}

CleanUpPlan planCleanUp(const std::vector<Orphan> &orphans, const CleanUpRules &rules)
{
    CleanUpPlan plan;
    for (const Orphan &orphan : orphans) {
        if (const auto reason = reasonToSpare(orphan, rules))
            plan.spared.push_back({orphan.row.sandboxId, *reason});
        else
            plan.targets.push_back(orphan);
    }
    return plan;
}

} // namespace sandglass::lifecycle
