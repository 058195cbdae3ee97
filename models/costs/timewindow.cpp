#include "models/costs/timewindow.h"

#include "models/costs/livefigures.h"

#include <algorithm>
#include <utility>

using std::chrono::floor;
using std::chrono::milliseconds;

namespace sandglass::models {

TimeWindow::TimeWindow(Clock clock, QObject *parent) : QObject(parent), m_clock(std::move(clock)) {}

void TimeWindow::follow(milliseconds length)
{
    const milliseconds bounded = length == today ? today : std::clamp(length, shortest, longest);
    if (!m_isFixed && bounded == m_followed)
        return;
    m_followed = bounded;
    m_isFixed = false;
    Q_EMIT changed();
}

void TimeWindow::select(Timestamp from, Timestamp to)
{
    if (to < from)
        std::swap(from, to);
    if (const auto missing = shortest - (to - from); missing > milliseconds::zero()) {
        from -= missing / 2;
        to = from + shortest;
    }
    from = std::max(from, to - longest);
    if (m_isFixed && from == m_from && to == m_to)
        return;
    m_isFixed = true;
    m_from = from;
    m_to = to;
    Q_EMIT changed();
}

void TimeWindow::reset()
{
    if (!m_isFixed)
        return;
    m_isFixed = false;
    Q_EMIT changed();
}

Timestamp TimeWindow::from() const
{
    if (isToday())
        return std::min(startOfLocalDay(m_clock()), m_clock() - shortest);
    return m_isFixed ? m_from : m_clock() - m_followed;
}

Timestamp TimeWindow::to() const
{
    return m_isFixed ? m_to : m_clock();
}

milliseconds TimeWindow::length() const
{
    return m_isFixed || isToday() ? floor<milliseconds>(to() - from()) : m_followed;
}

std::pair<Timestamp, Timestamp> TimeWindow::aligned(int bucketCount) const
{
    if (isToday()) { // a width of its own every second would let the curve tremble
        const milliseconds width = std::chrono::seconds(length() / bucketCount / std::chrono::seconds(1) + 1);
        const Timestamp from = floor<milliseconds>(this->from());
        return {from, from + width * bucketCount};
    }
    const std::int64_t widthMs = std::max<std::int64_t>(1, (length().count() + bucketCount - 1) / bucketCount);
    Timestamp from = floor<milliseconds>(m_from);
    if (!m_isFixed) {
        const std::int64_t lastEdge = (toUnixMs(m_clock()) / widthMs + 1) * widthMs;
        from = fromUnixMs(lastEdge - widthMs * bucketCount);
    }
    return {from, from + milliseconds(widthMs * bucketCount)};
}

} // namespace sandglass::models
