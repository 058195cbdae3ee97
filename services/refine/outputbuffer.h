#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sandglass::refine {

/// Output of any length in bounded memory: its beginning and its end are kept, everything is counted.
class OutputBuffer final
{
public:
    OutputBuffer() = default;
    OutputBuffer(std::size_t headLimit, std::size_t tailLimit) : m_headLimit(headLimit), m_tailLimit(tailLimit) {}

    void append(std::string_view utf8);
    void settle(); ///< nothing more comes: gives back spare memory

    [[nodiscard]] std::uint64_t totalBytes() const { return m_total; }
    [[nodiscard]] std::uint64_t omittedBytes() const { return m_total - m_head.size() - tail().size(); }
    [[nodiscard]] const std::string &head() const { return m_head; }
    [[nodiscard]] std::string_view tail() const; ///< begins at a character, at most tailLimit
    /// Head and tail with a line between them that says how much is missing.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::size_t memoryBytes() const { return m_head.capacity() + m_tail.capacity(); }

private:
    std::size_t m_headLimit = 1U << 20;
    std::size_t m_tailLimit = 7U << 20;
    std::string m_head;
    std::string m_tail; ///< up to an eighth more than the limit, so that cutting is rare
    std::uint64_t m_total = 0;
};

} // namespace sandglass::refine
