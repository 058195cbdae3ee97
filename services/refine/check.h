#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sandglass::refine {

/// What an attempt must achieve besides ending without an error.
struct Check
{
    enum class Kind : std::uint8_t { None, OutputContains };
    Kind kind = Kind::None;
    std::string expected; ///< looked for exactly, in the standard output and in the value of the last expression
    [[nodiscard]] static Check outputContains(std::string text) { return {Kind::OutputContains, std::move(text)}; }
};

struct CheckOutcome
{
    bool isChecked = false; ///< false: no check was asked for ("not checked")
    bool isPassed = true;
    std::string expected;
    std::string got; ///< the last line of the output that is not empty, at most 200 bytes
};

/// Follows an output of any length in bounded memory.
class CheckRun final
{
public:
    explicit CheckRun(Check check) : m_check(std::move(check)) {}
    void addStdout(std::string_view text);
    void addValue(std::string_view text); ///< of the last expression, whole
    [[nodiscard]] CheckOutcome outcome() const;

private:
    Check m_check;
    std::string m_tail;     ///< may hold the beginning of the expected text
    std::string m_line;     ///< of the line being printed
    std::string m_lastLine; ///< newest complete one that is not blank
    bool m_isFound = false;
};

} // namespace sandglass::refine
