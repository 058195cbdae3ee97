#pragma once

#include "services/core/money.h"
#include "services/core/time.h"

#include <QString>

#include <optional>

namespace sandglass::ui {

/// Money for people, in the currency of DisplayCurrency: "$11.87", "$12,345.60", below one cent at least four
/// significant decimals ("$0.0019"); empty -> "unknown".
[[nodiscard]] QString formatMoney(std::optional<Money> money);
[[nodiscard]] QString formatMoneyExact(Money money); ///< every digit, in US dollars, for tooltips
[[nodiscard]] QString formatRate(Money perHour);     ///< "$1.42/h"
/// "1 m 04 s", "40 m 58 s", "2 h 05 m", "3 d 4 h"; below a minute "0 m 59 s".
[[nodiscard]] QString formatAge(std::chrono::milliseconds age);
/// Coarse: "49 m", "3 m", "12 s".
[[nodiscard]] QString formatLeft(std::chrono::milliseconds left);
/// Measured durations: "2.1 ms", "1.9 s".
[[nodiscard]] QString formatDuration(std::chrono::nanoseconds duration);
[[nodiscard]] QString formatClock(Timestamp time);    ///< local "14:02:11"
[[nodiscard]] QString formatDateTime(Timestamp time); ///< local, with the date and zone, for tooltips
/// Local "14:02 – 15:10", with the day where it is not one day: "20 Aug 14:02 – 21 Aug 01:10".
[[nodiscard]] QString formatSpan(Timestamp from, Timestamp to);
[[nodiscard]] QString formatBytes(std::int64_t bytes); ///< "1.4 GiB"
[[nodiscard]] QString formatCount(std::int64_t count); ///< grouped by locale: "1,204,338"

} // namespace sandglass::ui
