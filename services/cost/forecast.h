#pragma once

#include "services/core/money.h"
#include "services/core/time.h"

#include <optional>
#include <vector>

namespace sandglass::cost {

/// Where spending leads when it goes on as it did.
///
/// Method, for the help: the daily rate is the mean of the last complete days (28 at most), in which a day weighs half
/// as much as the one five days after it. The interval is 1.96 standard errors of the sum of the days to come, their
/// spread being that of the same weighted days. When the burn rate is given, the rest of today goes on at it and the
/// days after at the daily rate. Fewer than three complete days make no forecast.
struct ForecastInput
{
    std::vector<Money> days; ///< cost of each complete day before today, oldest first, days without cost as zero
    Money spentInPeriod;     ///< from the start of the period until now, today included
    Timestamp now{};
    Timestamp periodEnd{};            ///< end of day, of month …
    std::optional<Money> burnPerHour; ///< of what runs now
    Timestamp dayEnd{};               ///< of today in the budget's time zone; with burnPerHour
    std::optional<Money> budget;      ///< for the date at which it will be used up
};

struct Forecast
{
    Money expected; ///< spent at the end of the period
    Money low;      ///< never below what is spent already
    Money high;
    Money perDay;
    /// When the budget will be used up, also beyond the period; empty without a budget or at a rate of zero. `now` when
    /// it is used up already.
    std::optional<Timestamp> hitAt;
    std::optional<Timestamp> hitEarliest;
    std::optional<Timestamp> hitLatest; ///< empty: at the low rate never
};

/// Empty: not enough data.
[[nodiscard]] std::optional<Forecast> forecast(const ForecastInput &input);

} // namespace sandglass::cost
