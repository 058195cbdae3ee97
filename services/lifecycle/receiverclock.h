#pragma once

#include "services/core/time.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace sandglass::lifecycle {

/// Compares the sender's clock with ours by the delays of the last 64 new events (our receipt minus the event's own
/// time). A delay is never below zero, so the lowest of them bounds how far the clocks differ: it is the difference
/// plus the quickest delivery.
class DeliveryClock final
{
public:
    void add(Timestamp eventTime, Timestamp receivedAt);
    /// Receipt minus the event's own time, within a year to either side: signed bodies may say any time.
    [[nodiscard]] static std::chrono::nanoseconds delay(Timestamp eventTime, Timestamp receivedAt);

    /// The lowest delay; empty before 8 events. Below zero: our clock is behind by at least that. Far above zero: ours
    /// is ahead, or everything comes late.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> lowestDelay() const;

    /// How far the event's own time lies outside [now - past, now + future], in whole seconds: negative = too old,
    /// positive = too far ahead, 0 = inside. A clock of ours known to be behind widens the future.
    [[nodiscard]] std::chrono::seconds outside(Timestamp eventTime, Timestamp now, std::chrono::seconds past,
                                               std::chrono::seconds future) const;

private:
    static constexpr std::size_t capacity = 64;
    static constexpr std::size_t enough = 8;
    std::array<std::chrono::nanoseconds, capacity> m_delays{};
    std::size_t m_count = 0;             ///< ever added
    std::chrono::nanoseconds m_lowest{}; ///< of those kept
};

} // namespace sandglass::lifecycle
