#pragma once

#include "services/core/time.h"

#include <string>
#include <string_view>

namespace sandglass::cost {

enum class PeriodKind : std::uint8_t { Day, Week /**< Monday to Sunday */, Month };

/// [from, to): a calendar day, week or month of one time zone, in UTC. A day is 23 or 25 hours long where the clock
/// changes.
struct Period
{
    Timestamp from{};
    Timestamp to{};
    [[nodiscard]] bool contains(Timestamp time) const { return time >= from && time < to; }
    friend bool operator==(const Period &, const Period &) = default;
};

/// IANA name ("Europe/Berlin") that this machine knows; "" is the program's zone (DisplayZone).
[[nodiscard]] bool isTimeZone(std::string_view name);

/// The period that `time` falls into. An unknown zone counts as UTC.
[[nodiscard]] Period periodAt(Timestamp time, PeriodKind kind, const std::string &timeZone);

[[nodiscard]] const char *nameOf(PeriodKind kind); ///< "day", "week", "month"

} // namespace sandglass::cost
