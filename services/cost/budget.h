#pragma once

#include "services/core/json.h"
#include "services/core/money.h"
#include "services/core/result.h"
#include "services/cost/period.h"
#include "services/cost/sandboxfacts.h"

#include <chrono>
#include <string>
#include <vector>

namespace sandglass::cost {

/// A limit on what is spent or started, with the shares of it at which somebody is told, and what happens at the end.
struct Budget
{
    enum class Measure : std::uint8_t {
        Money,
        Created, ///< in the period, ended ones too
        Concurrent,
        Age ///< seconds of running of the oldest one that runs, pauses left out
    };
    enum class Action : std::uint8_t { Notify, Pause, Kill };

    std::string id;
    std::string name;
    Measure measure = Measure::Money;
    Money moneyLimit;            ///< for Measure::Money
    std::int64_t countLimit = 0; ///< for the others: sandboxes, or seconds for Measure::Age
    PeriodKind period = PeriodKind::Day;
    std::string timeZone; ///< IANA; empty: the machine's
    Scope scope;
    std::vector<Scope> allowed;                      ///< counted, but never acted upon
    std::vector<int> thresholds = {50, 80, 90, 100}; ///< percent, ascending
    Action action = Action::Notify;                  ///< when the limit itself is passed
    bool isDryRun = true;
    std::chrono::seconds grace{60}; ///< between the alert and the action; Undo ends it
    bool isEnabled = true;
    friend bool operator==(const Budget &, const Budget &) = default;
};

/// Empty, or the first thing that makes no sense, in words for the form.
[[nodiscard]] std::string faultOf(const Budget &budget);

[[nodiscard]] Json toJson(const Budget &budget);
[[nodiscard]] Result<Budget> budgetFromJson(const Json &object);
/// A file's worth: {"version": 1, "budgets": […]}. One that makes no sense fails the whole with its name.
[[nodiscard]] std::string budgetsToText(const std::vector<Budget> &budgets);
[[nodiscard]] Result<std::vector<Budget>> budgetsFromText(std::string_view text);

} // namespace sandglass::cost
