#include "services/lifecycle/openmetrics.h"

#include "services/telemetry/histogram.h"

#include <charconv>
#include <cstdlib>

namespace sandglass::lifecycle {

namespace {

/// Label values and help texts: backslash, quote and line break are escaped, bytes that end a line early are not sent.
void appendEscaped(std::string &out, std::string_view text)
{
    for (const char c : text) {
        if (c == '\\' || c == '"')
            out.append(1, '\\').append(1, c);
        else if (c == '\n')
            out += "\\n";
        else if (static_cast<unsigned char>(c) >= 0x20)
            out += c;
    }
}

/// "0.005", "1.0", "86400.0": the one spelling that all must use, or a bucket would be another one elsewhere.
std::string canonical(double value)
{
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr;
    std::string text(digits, end);
    return text.find('.') == text.npos ? text + ".0" : text;
}

std::string secondsOf(std::int64_t ns)
{
    constexpr std::int64_t unit = 1'000'000'000;
    const std::string fraction = std::to_string(unit + ns % unit).substr(1);
    return std::to_string(ns / unit) + "." + fraction;
}

} // namespace

void OpenMetrics::family(std::string_view name, std::string_view type, std::string_view help, std::string_view unit)
{
    m_name = name;
    m_text.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    if (!unit.empty())
        m_text.append("# UNIT ").append(name).append(" ").append(unit).append("\n");
    m_text.append("# HELP ").append(name).append(" ");
    appendEscaped(m_text, help);
    m_text += '\n';
}

void OpenMetrics::gauge(std::string_view name, std::string_view help, std::string_view unit)
{
    m_isCounter = false;
    family(name, "gauge", help, unit);
}

void OpenMetrics::counter(std::string_view name, std::string_view help)
{
    m_isCounter = true;
    family(name, "counter", help, {});
}

void OpenMetrics::sample(std::string_view value, Labels labels)
{
    m_text += m_name;
    if (m_isCounter)
        m_text += "_total";
    char before = '{';
    for (const auto &[name, text] : labels) {
        appendLabel(name, text, before);
        before = ',';
    }
    if (labels.size() > 0)
        m_text += '}';
    m_text.append(" ").append(value).append("\n");
}

void OpenMetrics::appendLabel(std::string_view name, std::string_view value, char before)
{
    m_text += before;
    m_text.append(name).append("=\"");
    appendEscaped(m_text, value);
    m_text += '"';
}

void OpenMetrics::histogram(const telemetry::HistogramFamily &histograms)
{
    m_isCounter = false;
    family(histograms.name(), "histogram", histograms.help(), "seconds");
    for (const auto *series : histograms.series()) {
        const auto snapshot = series->histogram.snapshot();
        const auto head = [&](std::string_view suffix) {
            m_text.append(m_name).append(suffix);
            char before = '{';
            for (std::size_t i = 0; i < series->values.size(); ++i) {
                appendLabel(histograms.labels()[i], series->values[i], before);
                before = ',';
            }
            return before;
        };
        for (std::size_t i = 0; i < snapshot.cumulative.size(); ++i) {
            const bool isLast = i == histograms.bounds().size();
            appendLabel("le", isLast ? "+Inf" : canonical(histograms.bounds()[i]), head("_bucket"));
            m_text.append("} ").append(std::to_string(snapshot.cumulative[i])).append("\n");
        }
        for (const auto &[suffix, value] : {std::pair("_count", std::to_string(snapshot.cumulative.back())),
                                            std::pair("_sum", secondsOf(snapshot.sumNs))}) {
            m_text.append(head(suffix) == ',' ? "} " : " ").append(value).append("\n");
        }
    }
}

std::string OpenMetrics::finish() &&
{
    m_text += "# EOF\n";
    return std::move(m_text);
}

} // namespace sandglass::lifecycle
