#pragma once

#include "services/cost/budget.h"

#include <functional>
#include <map>
#include <set>

namespace sandglass::cost {

/// How far a budget is used up in its current period.
struct BudgetUsage
{
    std::string budgetId;
    Period period;
    Money spent;            ///< for Measure::Money
    std::int64_t count = 0; ///< for the others
    int unpriced = 0;       ///< sandboxes whose size is not known: left out of `spent`, never counted as zero
    double share = 0;       ///< of the limit, 1 = all of it
};

/// A threshold has been passed. Each once per budget and period, also over restarts.
struct BudgetAlert
{
    std::string budgetId;
    Period period;
    int threshold = 0;    ///< percent
    bool isLimit = false; ///< 100 % or more: the budget's action is due
    BudgetUsage usage;
};

/// Whether the limit itself is passed: reached for money, exceeded for counts.
[[nodiscard]] bool isOver(const Budget &budget, const BudgetUsage &usage);

/// Whether a share of the limit is passed, in percent.
[[nodiscard]] bool hasPassed(const Budget &budget, const BudgetUsage &usage, int percent);
/// Four fifths of the limit are gone.
[[nodiscard]] bool isNear(const BudgetUsage &usage);

/// The running sandboxes that a budget which is over would stop, newest first: for money all in its scope, for counts
/// as many of the newest as there are too many, for age those over it. Exceptions of the budget are left out.
[[nodiscard]] std::vector<std::string> targetsOf(const Budget &budget, const BudgetUsage &usage,
                                                 const std::vector<SandboxFacts> &sandboxes, Timestamp now);

/// Compares budgets with what is known of the sandboxes. Money passes a threshold by reaching it, counts by exceeding
/// it: the 101st sandbox is the first too many of 100. Not thread-safe; asks no clock.
class BudgetWatch final
{
public:
    /// All sandboxes that lived within the period, ended ones too, with their cost within it.
    using FactsOf = std::function<std::vector<SandboxFacts>(const Period &)>;
    struct Round
    {
        std::vector<BudgetUsage> usages; ///< of every enabled budget
        std::vector<BudgetAlert> alerts; ///< new ones, lowest threshold first per budget
        struct Stop
        {
            std::string budgetId;
            std::vector<std::string> targets; ///< of targetsOf()
        };
        /// Of every budget that is over and has an action, in every round: also what starts after the alert is stopped.
        std::vector<Stop> stops;
    };

    /// The same for many sandboxes: those that live one by one, the ended ones summed up by somebody who keeps count.
    class Source
    {
    public:
        struct Settled
        {
            Money spent;
            std::int64_t created = 0;
            int unpriced = 0;
        };
        virtual ~Source() = default;
        /// With their cost within the period; valid until the next call.
        [[nodiscard]] virtual const std::vector<SandboxFacts> &sandboxes(const Period &period) = 0;
        /// What the others that are in the budget's scope add within the period.
        [[nodiscard]] virtual Settled settled(const Budget &budget, const Period &period) = 0;
    };

    void setBudgets(std::vector<Budget> budgets) { m_budgets = std::move(budgets); }
    [[nodiscard]] const std::vector<Budget> &budgets() const { return m_budgets; }
    [[nodiscard]] const Budget *find(const std::string &id) const;
    [[nodiscard]] Round evaluate(Timestamp now, const FactsOf &factsOf);
    [[nodiscard]] Round evaluate(Timestamp now, Source &source);

    /// What has been told already, to be kept on disk between sessions.
    [[nodiscard]] Json state() const;
    void restore(const Json &state); ///< what makes no sense is left out

private:
    struct Told
    {
        Timestamp periodFrom{};
        std::set<int> thresholds;
    };
    std::vector<Budget> m_budgets;
    std::map<std::string, Told> m_told; ///< by budget id
};

} // namespace sandglass::cost
