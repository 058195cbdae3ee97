#include "services/cost/startcheck.h"

#include <algorithm>

namespace sandglass::cost {

namespace {

bool concerns(const Budget &budget, const Start &start)
{
    using Measure = Budget::Measure;
    const bool grows = budget.measure == Measure::Money
        || (start.isNew() && (budget.measure == Measure::Created || budget.measure == Measure::Concurrent));
    return grows && budget.isEnabled && budget.scope.covers(start.sandbox);
}

/// Whether the budget acts on what is over, and on this one.
bool stops(const Budget &budget, const Start &start)
{
    return budget.action != Budget::Action::Notify && !budget.isDryRun
        && std::ranges::none_of(budget.allowed, [&](const Scope &scope) { return scope.covers(start.sandbox); });
}

std::optional<StartFinding> findingOf(const Budget &budget, const BudgetUsage &usage, const Start &start)
{
    StartFinding finding{budget, usage};
    if (isOver(budget, usage)) {
        finding.why = StartFinding::Why::UsedUp;
        finding.isRefusal = stops(budget, start);
        return finding;
    }
    BudgetUsage after = usage;
    after.spent += start.atMost.value_or(Money{});
    ++after.count;
    if (isOver(budget, after)) {
        finding.why = StartFinding::Why::WouldExceed;
        return finding;
    }
    for (const int percent : budget.thresholds) {
        if (hasPassed(budget, after, percent) && !hasPassed(budget, usage, percent))
            finding.threshold = percent;
    }
    if (finding.threshold == 0 && !isNear(usage))
        return {};
    return finding;
}

} // namespace

std::vector<StartFinding> checkStart(const std::vector<Budget> &budgets, const std::vector<BudgetUsage> &usages,
                                     const Start &start)
{
    std::vector<StartFinding> findings;
    for (const Budget &budget : budgets) {
        if (!concerns(budget, start))
            continue;
        const auto usage = std::ranges::find(usages, budget.id, &BudgetUsage::budgetId);
        if (usage != usages.end()) {
            if (auto finding = findingOf(budget, *usage, start))
                findings.push_back(std::move(*finding));
        } else if (stops(budget, start)) {
            findings.push_back({budget, {}, StartFinding::Why::Unknown, 0, true});
        }
    }
    std::ranges::stable_partition(findings, &StartFinding::isRefusal);
    return findings;
}

} // namespace sandglass::cost
