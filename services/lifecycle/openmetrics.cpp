#include "services/lifecycle/openmetrics.h"

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
    const char *before = "{";
    for (const auto &[name, text] : labels) {
        m_text.append(before).append(name).append("=\"");
        appendEscaped(m_text, text);
        m_text += '"';
        before = ",";
    }
    if (labels.size() > 0)
        m_text += '}';
    m_text.append(" ").append(value).append("\n");
}

std::string OpenMetrics::finish() &&
{
    m_text += "# EOF\n";
    return std::move(m_text);
}

} // namespace sandglass::lifecycle
