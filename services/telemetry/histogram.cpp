#include "services/telemetry/histogram.h"

#include <algorithm>
#include <numeric>

namespace sandglass::telemetry {

Histogram::Histogram(std::span<const double> bounds) : m_bounds(bounds), m_counts(bounds.size() + 1) {}

void Histogram::observe(std::chrono::nanoseconds value)
{
    const std::int64_t ns = std::max<std::int64_t>(0, value.count());
    const double seconds = static_cast<double>(ns) / 1e9;
    const auto bucket = std::ranges::lower_bound(m_bounds, seconds) - m_bounds.begin(); // a bound is inclusive
    m_counts[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
    m_sumNs.fetch_add(ns, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const
{
    Snapshot out;
    out.sumNs = m_sumNs.load(std::memory_order_relaxed);
    for (const auto &count : m_counts)
        out.cumulative.push_back(count.load(std::memory_order_relaxed));
    std::partial_sum(out.cumulative.begin(), out.cumulative.end(), out.cumulative.begin());
    return out;
}

HistogramFamily::HistogramFamily(std::string_view name, std::string_view help,
                                 std::initializer_list<std::string_view> labels, std::span<const double> bounds)
    : m_name(name), m_help(help), m_labels(labels), m_bounds(bounds)
{}

Histogram &HistogramFamily::with(std::initializer_list<std::string_view> values)
{
    const std::lock_guard lock(m_mutex);
    const auto find = [this](const auto &wanted) {
        return std::ranges::find_if(m_series,
                                    [&wanted](const Series &s) { return std::ranges::equal(s.values, wanted); });
    };
    if (const auto known = find(values); known != m_series.end())
        return known->histogram;
    std::vector<std::string> names(values.begin(), values.end());
    if (m_series.size() >= seriesLimit) {
        names.assign(m_labels.size(), "other");
        if (const auto others = find(names); others != m_series.end())
            return others->histogram;
    }
    return m_series.emplace_back(std::move(names), m_bounds).histogram;
}

std::vector<const HistogramFamily::Series *> HistogramFamily::series() const
{
    const std::lock_guard lock(m_mutex);
    std::vector<const Series *> out;
    for (const Series &one : m_series)
        out.push_back(&one);
    return out;
}

} // namespace sandglass::telemetry
