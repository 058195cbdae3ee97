#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sandglass {

/// A moment in UTC with nanoseconds, 1678-2262. All times inside the program are of this kind; ui shows local time.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Where "now" comes from. Injected wherever a test wants to move time; defaults to the system clock.
using Clock = std::function<Timestamp()>;

[[nodiscard]] Timestamp systemNow();

/// RFC 3339 date-time, e.g. "2026-08-20T10:15:30.123456789Z" or with an offset; a space for the T is accepted.
/// Empty when the text is anything else, or out of range.
[[nodiscard]] std::optional<Timestamp> parseRfc3339(std::string_view text);

/// UTC with "Z"; `fractionDigits` 0-9 digits, cut (not rounded) so that a time never moves into the future.
[[nodiscard]] std::string formatRfc3339(Timestamp time, int fractionDigits = 3);

/// Milliseconds / nanoseconds since the Unix epoch: the journal's and the wire's integer forms.
[[nodiscard]] constexpr std::int64_t toUnixMs(Timestamp t)
{
    return std::chrono::floor<std::chrono::milliseconds>(t).time_since_epoch().count();
}
[[nodiscard]] constexpr std::int64_t toUnixNs(Timestamp t)
{
    return t.time_since_epoch().count();
}
[[nodiscard]] constexpr Timestamp fromUnixMs(std::int64_t ms)
{
    return Timestamp(std::chrono::milliseconds(ms));
}
[[nodiscard]] constexpr Timestamp fromUnixNs(std::int64_t ns)
{
    return Timestamp(std::chrono::nanoseconds(ns));
}

} // namespace sandglass
