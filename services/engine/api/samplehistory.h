#pragma once

#include "services/core/result.h"
#include "services/core/time.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// The range that a query asks for, in seconds since 1970, both included.
struct MetricRange
{
    std::optional<std::int64_t> start, end;
};
/// `start` and `end` of a query. Error 400: no whole number, or the start lies after the end.
[[nodiscard]] Result<MetricRange> parseMetricRange(std::string_view query);

/// How many seconds one point stands for in an answer over `seconds` (e2b-protocol 2.4).
[[nodiscard]] std::int64_t bucketSeconds(std::int64_t seconds);

/// Samples in the order of time, in bounded memory: when there are too many, the older half is thinned out two by two.
/// `Sample` has `Timestamp timestamp` and `raise(other)`, which takes the greater of each figure.
template<typename Sample>
class SampleHistory final
{
public:
    static constexpr std::size_t kMost = 1440; ///< the newest half, an hour of samples every 5 s, is always whole

    void add(Sample sample)
    {
        m_samples.push_back(std::move(sample));
        if (m_samples.size() > kMost)
            thinOut();
    }
    [[nodiscard]] bool empty() const { return m_samples.empty(); }
    [[nodiscard]] std::size_t size() const { return m_samples.size(); }
    [[nodiscard]] const Sample &back() const { return m_samples.back(); }

    /// Those of the range; where it is long, the greatest of each bucket, at the time of its first.
    [[nodiscard]] std::vector<Sample> select(const MetricRange &range) const
    {
        std::vector<Sample> points;
        if (m_samples.empty())
            return points;
        const std::int64_t first = range.start.value_or(second(m_samples.front())),
                           last = range.end.value_or(second(m_samples.back()));
        const std::int64_t width = bucketSeconds(last - first);
        for (const Sample &sample : m_samples) {
            // Clients round their times to whole seconds: one second of slack on both sides.
            if (second(sample) < first - 1 || second(sample) > last + 1)
                continue;
            if (!points.empty() && second(points.back()) / width == second(sample) / width)
                points.back().raise(sample);
            else
                points.push_back(sample);
        }
        return points;
    }

private:
    static std::int64_t second(const Sample &sample) { return toUnixMs(sample.timestamp) / 1000; }

    void thinOut()
    {
        const std::size_t half = m_samples.size() / 4 * 2;
        for (std::size_t i = 0; i < half; i += 2) {
            m_samples[i].raise(m_samples[i + 1]);
            m_samples[i / 2] = m_samples[i];
        }
        const auto begin = m_samples.begin() + static_cast<std::ptrdiff_t>(half / 2);
        m_samples.erase(begin, begin + static_cast<std::ptrdiff_t>(half / 2));
    }

    std::deque<Sample> m_samples;
};

} // namespace sandglass::engine
