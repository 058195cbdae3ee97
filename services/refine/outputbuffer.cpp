#include "services/refine/outputbuffer.h"

#include <algorithm>

namespace sandglass::refine {
namespace {

bool isContinuation(char c)
{
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// The largest length up to `most` that does not cut a character.
std::size_t wholeCharacters(std::string_view text, std::size_t most)
{
    if (most >= text.size())
        return text.size();
    while (most > 0 && isContinuation(text[most]))
        --most;
    return most;
}

} // namespace

void OutputBuffer::append(std::string_view utf8)
{
    m_total += utf8.size();
    if (m_tail.empty() && m_head.size() < m_headLimit) {
        const std::size_t take = wholeCharacters(utf8, m_headLimit - m_head.size());
        m_head += utf8.substr(0, take);
        utf8.remove_prefix(take);
    }
    if (utf8.empty())
        return;
    if (utf8.size() > m_tailLimit) {
        utf8.remove_prefix(utf8.size() - m_tailLimit);
        m_tail.clear();
    }
    const std::size_t room = m_tailLimit + m_tailLimit / 8;
    if (m_tail.size() + utf8.size() > room)
        m_tail.erase(0, m_tail.size() + utf8.size() - m_tailLimit);
    if (m_tail.capacity() < room && m_tail.size() + utf8.size() > m_tailLimit / 4)
        m_tail.reserve(room); // early: a string that doubles later would overshoot the bound
    m_tail += utf8;
}

void OutputBuffer::settle()
{
    m_tail = std::string(tail());
    m_head.shrink_to_fit();
}

std::string_view OutputBuffer::tail() const
{
    std::string_view view = m_tail;
    if (view.size() > m_tailLimit)
        view.remove_prefix(view.size() - m_tailLimit);
    while (m_total > m_head.size() + view.size() && !view.empty() && isContinuation(view.front()))
        view.remove_prefix(1);
    return view;
}

std::string OutputBuffer::text() const
{
    std::string result = m_head;
    if (const auto missing = omittedBytes(); missing > 0)
        result += "\n[" + std::to_string(missing) + " bytes left out]\n";
    return result += tail();
}

} // namespace sandglass::refine
