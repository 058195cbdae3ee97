#pragma once

#include "services/core/time.h"

#include <algorithm>
#include <cstdint>

namespace sandglass::lifecycle {

/// Edges of equal buckets a whole number of milliseconds wide (to within one), so that what a bucket costs
/// does not depend on where in a millisecond a stretch began.
class Buckets
{
public:
    Buckets(Timestamp from, Timestamp to, int count)
        : m_from(from), m_totalMs(std::chrono::floor<std::chrono::milliseconds>(to - from).count()), m_count(count)
    {}

    [[nodiscard]] bool isEmpty() const { return m_count <= 0 || m_totalMs <= 0; }
    [[nodiscard]] int count() const { return m_count; }
    [[nodiscard]] std::int64_t edgeMs(int index) const
    {
        return m_totalMs / m_count * index + m_totalMs % m_count * index / m_count;
    }
    [[nodiscard]] Timestamp edge(int index) const { return m_from + std::chrono::milliseconds(edgeMs(index)); }
    [[nodiscard]] Timestamp end() const { return edge(m_count); }
    [[nodiscard]] std::int64_t widthMs(int index) const { return edgeMs(index + 1) - edgeMs(index); }

    /// The bucket that holds `time`, which lies in [from, end).
    [[nodiscard]] int indexOf(Timestamp time) const
    {
        const auto ms = std::chrono::floor<std::chrono::milliseconds>(time - m_from).count();
        const double share = static_cast<double>(ms) / static_cast<double>(m_totalMs);
        int index = std::clamp(static_cast<int>(share * m_count), 0, m_count - 1);
        while (index > 0 && ms < edgeMs(index))
            --index;
        while (index + 1 < m_count && ms >= edgeMs(index + 1))
            ++index;
        return index;
    }

private:
    Timestamp m_from;
    std::int64_t m_totalMs;
    int m_count;
};

} // namespace sandglass::lifecycle
