#include "services/lifecycle/receiverclock.h"

#include <algorithm>
#include <utility>

namespace sandglass::lifecycle {

namespace {

// Event times are anything a signed body says: the difference of two in nanoseconds may not fit.
std::chrono::seconds distance(Timestamp later, Timestamp earlier)
{
    using std::chrono::floor;
    using std::chrono::seconds;
    return floor<seconds>(later) - floor<seconds>(earlier);
}

} // namespace

std::chrono::nanoseconds DeliveryClock::delay(Timestamp eventTime, Timestamp receivedAt)
{
    constexpr std::chrono::seconds most = std::chrono::hours(24 * 365);
    const auto coarse = distance(receivedAt, eventTime);
    return coarse > most ? most : coarse < -most ? -most : receivedAt - eventTime;
}

void DeliveryClock::add(Timestamp eventTime, Timestamp receivedAt)
{
    const std::chrono::nanoseconds fresh = delay(eventTime, receivedAt);
    const std::chrono::nanoseconds gone = std::exchange(m_delays[m_count++ % capacity], fresh);
    if (m_count == 1 || fresh <= m_lowest)
        m_lowest = fresh;
    else if (m_count > capacity && gone == m_lowest) // looked for only when the lowest leaves, not with every event
        m_lowest = *std::ranges::min_element(m_delays);
}

std::optional<std::chrono::nanoseconds> DeliveryClock::lowestDelay() const
{
    if (m_count < enough)
        return std::nullopt;
    return m_lowest;
}

std::chrono::seconds DeliveryClock::outside(Timestamp eventTime, Timestamp now, std::chrono::seconds past,
                                            std::chrono::seconds future) const
{
    const auto age = distance(now, eventTime);
    if (age > past)
        return past - age;
    // Only what is proven about our clock counts, and an hour at most: the estimate comes from deliveries, too.
    const auto lowest = lowestDelay().value_or(std::chrono::nanoseconds(0));
    const auto behind = std::clamp<std::chrono::nanoseconds>(-lowest, std::chrono::seconds(0), std::chrono::hours(1));
    const auto limit = future + std::chrono::ceil<std::chrono::seconds>(behind);
    return -age > limit ? -age - limit : std::chrono::seconds(0);
}

} // namespace sandglass::lifecycle
