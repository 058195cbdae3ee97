#include "services/refine/check.h"

#include <algorithm>

namespace sandglass::refine {
namespace {

constexpr std::size_t lineLimit = 200;

bool isBlank(std::string_view line)
{
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

} // namespace

void CheckRun::addStdout(std::string_view text)
{
    if (m_check.kind == Check::Kind::OutputContains && !m_isFound) {
        m_tail += text;
        m_isFound = m_tail.find(m_check.expected) != std::string::npos;
        const std::size_t keep = m_check.expected.empty() ? 0 : m_check.expected.size() - 1;
        if (m_tail.size() > keep)
            m_tail.erase(0, m_tail.size() - keep);
    }
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view part = text.substr(0, end);
        m_line += part.substr(0, lineLimit - std::min(lineLimit, m_line.size()));
        if (end == std::string_view::npos)
            return;
        if (!isBlank(m_line))
            m_lastLine = m_line;
        m_line.clear();
        text.remove_prefix(end + 1);
    }
}

void CheckRun::addValue(std::string_view text)
{
    if (m_check.kind == Check::Kind::OutputContains && text.find(m_check.expected) != std::string_view::npos)
        m_isFound = true;
}

CheckOutcome CheckRun::outcome() const
{
    const bool isChecked = m_check.kind != Check::Kind::None;
    return {isChecked, !isChecked || m_isFound || m_check.expected.empty(), m_check.expected,
            isBlank(m_line) ? m_lastLine : m_line};
}

} // namespace sandglass::refine
