#pragma once

#include "services/core/time.h"

#include <chrono>
#include <optional>
#include <string_view>

namespace sandglass::net {

/// Longest wait before another try. A server that asks for more gets its answer passed on instead.
inline constexpr std::chrono::milliseconds longestRetryWait{30'000};

/// How long to wait before try number `nextTry` (2, 3, …): 0.2 s, 0.8 s, 3.2 s …, each times `jitter` (0.5-1.5), at
/// most longestRetryWait.
[[nodiscard]] std::chrono::milliseconds backOff(int nextTry, double jitter);

/// The value of Retry-After (RFC 9110 10.2.3): whole seconds or an HTTP date. Empty when it is neither; never negative.
[[nodiscard]] std::optional<std::chrono::milliseconds> parseRetryAfter(std::string_view value, Timestamp now);

/// Statuses after which the same request may succeed later: 429, 502, 503, 504.
[[nodiscard]] bool isRetryableStatus(int status);

} // namespace sandglass::net
