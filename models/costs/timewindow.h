#pragma once

#include "services/core/time.h"

#include <QObject>

#include <chrono>
#include <utility>

namespace sandglass::models {

/// The stretch of time that linked charts and tables show: the last hours until now, or a fixed stretch somebody
/// selected. One for all pages.
class TimeWindow final : public QObject
{
    Q_OBJECT
public:
    static constexpr std::chrono::milliseconds today{0}; ///< for follow(): since the local midnight
    static constexpr std::chrono::milliseconds shortest{1'000};
    static constexpr std::chrono::milliseconds longest = std::chrono::days(366);

    explicit TimeWindow(Clock clock = systemNow, QObject *parent = nullptr);

    /// The last `length`, or today, until now, moving on with time.
    void follow(std::chrono::milliseconds length);
    /// [from, to), standing still. Swapped ends are put right; what is shorter or longer than the limits is widened
    /// about its middle or cut at its start.
    void select(Timestamp from, Timestamp to);
    void reset(); ///< back to the last follow()

    [[nodiscard]] bool isFixed() const { return m_isFixed; }
    [[nodiscard]] std::chrono::milliseconds followed() const
    {
        return m_followed;
    } ///< length that reset() goes back to
    [[nodiscard]] Timestamp from() const;
    [[nodiscard]] Timestamp to() const; ///< now, unless fixed
    [[nodiscard]] std::chrono::milliseconds length() const;
    /// A span of `bucketCount` equal buckets of whole milliseconds that covers the window. While the window moves, the
    /// buckets stand on multiples of their width and end after now, so that a curve moves by whole buckets instead of
    /// trembling. Those of today begin at midnight, with a width of whole seconds.
    [[nodiscard]] std::pair<Timestamp, Timestamp> aligned(int bucketCount) const;

Q_SIGNALS:
    void changed(); ///< by follow, select or reset; not by the passing of time

private:
    [[nodiscard]] bool isToday() const { return !m_isFixed && m_followed == today; }

    Clock m_clock;
    std::chrono::milliseconds m_followed = std::chrono::hours(1);
    bool m_isFixed = false;
    Timestamp m_from{};
    Timestamp m_to{};
};

} // namespace sandglass::models
