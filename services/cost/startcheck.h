#pragma once

#include "services/cost/budgetwatch.h"

namespace sandglass::cost {

/// Something that is about to cost money, as far as it is known before.
struct Start
{
    SandboxFacts sandbox;        ///< template, connection and metadata; without an id when it is yet to be made
    std::optional<Money> atMost; ///< what it costs when it runs until its timeout; empty: size not known

    [[nodiscard]] bool isNew() const { return sandbox.id.empty(); }
};

/// What one budget has to say about a start.
struct StartFinding
{
    enum class Why : std::uint8_t {
        Unknown,     ///< its sum is not known yet
        UsedUp,      ///< isOver() before anything has started
        WouldExceed, ///< over with this start, at the latest when it runs until its timeout
        Near         ///< `threshold` is passed by this start, or four fifths of the limit are gone
    };
    Budget budget;
    BudgetUsage usage; ///< empty for Unknown
    Why why = Why::Near;
    int threshold = 0;      ///< percent, of Near; 0: none is passed
    bool isRefusal = false; ///< else a warning
};

/// What the budgets say, refusals first, in the order of the budgets. Refused is a start in the scope of a budget that
/// pauses or kills (no dry run, no exception of it) when that one is used up, or when nobody knows whether it is; all
/// else is told only. Counts do not concern what goes on in a sandbox that runs already, ages concern no start.
[[nodiscard]] std::vector<StartFinding> checkStart(const std::vector<Budget> &budgets,
                                                   const std::vector<BudgetUsage> &usages, const Start &start);

} // namespace sandglass::cost
