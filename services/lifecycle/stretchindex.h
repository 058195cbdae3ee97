#pragma once

#include "services/core/time.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace sandglass::lifecycle {

/// Numbered points in time, found by nearness. Flat: what comes in order, as it nearly always does, goes to the end.
class StretchIndex final
{
public:
    void add(Timestamp time, std::size_t number)
    {
        const Point point{time, number};
        m_points.insert(std::ranges::upper_bound(m_points, point), point);
    }

    void remove(Timestamp time, std::size_t number)
    {
        const Point point{time, number};
        const auto place = std::ranges::lower_bound(m_points, point);
        if (place != m_points.end() && *place == point)
            m_points.erase(place);
    }

    struct Near
    {
        std::chrono::nanoseconds distance{};
        std::size_t number = 0;
        friend bool operator<(const Near &a, const Near &b)
        {
            return std::pair(a.distance, a.number) < std::pair(b.distance, b.number);
        }
    };
    /// The nearest at most `within` away; of several as near the one with the lowest number.
    [[nodiscard]] std::optional<Near> nearest(Timestamp time, std::chrono::nanoseconds within) const
    {
        std::optional<Near> best;
        const auto offer = [&](const Point &point) {
            const Near near{std::chrono::abs(point.first - time), point.second};
            if (near.distance <= within && (!best || near < *best))
                best = near;
        };
        const auto after = std::ranges::lower_bound(m_points, Point{time, 0});
        if (after != m_points.end())
            offer(*after);
        if (after != m_points.begin())
            offer(*std::ranges::lower_bound(m_points, Point{std::prev(after)->first, 0}));
        return best;
    }

    /// The last one not after `time`; of several at one time the one with the highest number.
    [[nodiscard]] std::optional<std::size_t> lastUntil(Timestamp time) const
    {
        const auto after = std::ranges::upper_bound(m_points, Point{time, std::numeric_limits<std::size_t>::max()});
        return after == m_points.begin() ? std::nullopt : std::optional(std::prev(after)->second);
    }

private:
    using Point = std::pair<Timestamp, std::size_t>;
    std::vector<Point> m_points; ///< sorted
};

} // namespace sandglass::lifecycle
