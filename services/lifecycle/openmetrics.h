#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sandglass::telemetry {
class HistogramFamily;
}

namespace sandglass::lifecycle {

/// Writes the OpenMetrics 1.0 text format: one family after the other, its samples right behind it.
class OpenMetrics final
{
public:
    static constexpr std::string_view contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// `name` without "_total". A unit, if any, has to be the end of the name.
    void gauge(std::string_view name, std::string_view help, std::string_view unit = {});
    void counter(std::string_view name, std::string_view help);
    /// Of the present family; a counter's gets its "_total". Values are decimal numbers.
    void sample(std::string_view value, Labels labels = {});
    void sample(std::uint64_t value, Labels labels = {}) { sample(std::to_string(value), labels); }
    /// The whole family with its samples: buckets with the canonical numbers of the format, count and sum.
    void histogram(const telemetry::HistogramFamily &family);

    [[nodiscard]] std::string finish() &&; ///< with the end mark

private:
    void appendLabel(std::string_view name, std::string_view value, char before);
    void family(std::string_view name, std::string_view type, std::string_view help, std::string_view unit);

    std::string m_text;
    std::string m_name;
    bool m_isCounter = false;
};

} // namespace sandglass::lifecycle
