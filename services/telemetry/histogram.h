#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandglass::telemetry {

/// Counts durations by size. Thread-safe, without a lock.
class Histogram final
{
public:
    explicit Histogram(std::span<const double> bounds); ///< upper bounds in seconds, ascending; outlive this

    void observe(std::chrono::nanoseconds value); ///< below zero counts as zero

    struct Snapshot
    {
        std::vector<std::uint64_t> cumulative; ///< one per bound, and the last for everything
        std::int64_t sumNs = 0;
    };
    [[nodiscard]] Snapshot snapshot() const;

private:
    std::span<const double> m_bounds;
    std::vector<std::atomic<std::uint64_t>> m_counts; ///< one more than bounds
    std::atomic<std::int64_t> m_sumNs = 0;
};

/// Histograms of one name, told apart by the values of its labels. Values come from small sets that the callers know;
/// beyond seriesLimit of them everything else goes into a series of "other". Thread-safe.
class HistogramFamily final
{
public:
    static constexpr std::size_t seriesLimit = 100;

    /// `name` ends in "_seconds". All of static storage.
    HistogramFamily(std::string_view name, std::string_view help, std::initializer_list<std::string_view> labels,
                    std::span<const double> bounds);

    /// For one value per label; stays valid as long as the family.
    [[nodiscard]] Histogram &with(std::initializer_list<std::string_view> values);

    struct Series
    {
        Series(std::vector<std::string> names, std::span<const double> bounds)
            : values(std::move(names)), histogram(bounds)
        {}
        std::vector<std::string> values;
        Histogram histogram;
    };
    [[nodiscard]] std::string_view name() const { return m_name; }
    [[nodiscard]] std::string_view help() const { return m_help; }
    [[nodiscard]] const std::vector<std::string_view> &labels() const { return m_labels; }
    [[nodiscard]] std::span<const double> bounds() const { return m_bounds; }
    [[nodiscard]] std::vector<const Series *> series() const;

private:
    const std::string_view m_name;
    const std::string_view m_help;
    const std::vector<std::string_view> m_labels;
    const std::span<const double> m_bounds;
    mutable std::mutex m_mutex; ///< guards the list, not the histograms
    std::deque<Series> m_series;
};

/// The time since it was made, for observe().
class Stopwatch final
{
public:
    [[nodiscard]] std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - m_begun; }

private:
    std::chrono::steady_clock::time_point m_begun = std::chrono::steady_clock::now();
};

} // namespace sandglass::telemetry
