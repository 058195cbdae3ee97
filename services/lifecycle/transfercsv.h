#pragma once

#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::lifecycle {

/// Comma-separated values as RFC 4180 has them: quotes where needed, line ends and commas inside quotes.
class CsvReader final
{
public:
    explicit CsvReader(std::istream &stream) : m_stream(stream) {}

    enum class Outcome { Row, End, TooLong, OpenQuote };
    /// Replaces `fields` by the next row; empty lines are skipped. After TooLong the row has been skipped.
    [[nodiscard]] Outcome next(std::vector<std::string> &fields);
    [[nodiscard]] std::size_t line() const { return m_line; } ///< of the row's end, from 1

    static constexpr std::size_t rowLimit = 8U << 20;

private:
    [[nodiscard]] Outcome readRow(std::vector<std::string> &fields);

    std::istream &m_stream;
    std::size_t m_line = 0;
};

/// Appends a row with a line end. A text that a spreadsheet would run as a formula gets a leading apostrophe only
/// when `isForPeople`.
void appendCsvRow(std::string &text, const std::vector<std::string> &fields, bool isForPeople = false);

} // namespace sandglass::lifecycle
