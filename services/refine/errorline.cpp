#include "services/refine/errorline.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

namespace sandglass::refine {
namespace {

constexpr std::size_t tracebackLimit = 1U << 20;

std::vector<std::string_view> linesOf(std::string_view text)
{
    std::vector<std::string_view> result;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        result.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

std::optional<int> numberAfter(std::string_view line, std::string_view mark)
{
    const auto at = line.find(mark);
    if (at == std::string_view::npos)
        return std::nullopt;
    int value = 0;
    const char *begin = line.data() + at + mark.size();
    const auto [end, error] = std::from_chars(begin, line.data() + line.size(), value);
    return error == std::errc{} && end != begin && value > 0 ? std::optional(value) : std::nullopt;
}

std::string_view trimmed(std::string_view line)
{
    const auto from = line.find_first_not_of(' ');
    return from == std::string_view::npos ? std::string_view{}
                                          : line.substr(from, line.find_last_not_of(' ') - from + 1);
}

/// "----> 5 code" marks the line of a frame whose header does not name it.
std::optional<int> arrowBelow(const std::vector<std::string_view> &lines, std::size_t header)
{
    for (std::size_t i = header + 1; i < lines.size() && !trimmed(lines[i]).empty(); ++i) {
        const std::string_view line = trimmed(lines[i]);
        if (line.starts_with("--"))
            return numberAfter(line, "> ");
    }
    return std::nullopt;
}

/// The line number when `lines[at]` is the header of a frame in the person's code.
std::optional<int> ownFrame(const std::vector<std::string_view> &lines, std::size_t at)
{
    const std::string_view line = trimmed(lines[at]);
    if (line.starts_with("Cell In") || line.starts_with("Input In") || line.starts_with("Cell [")) {
        if (const auto number = numberAfter(line, ", line "))
            return number;
        const auto arrow = arrowBelow(lines, at);
        return arrow ? arrow : numberAfter(line, "<cell line: ");
    }
    if (line.starts_with("File <")) // IPython without quotes: File <ipython-input-1-…>:5, in f(x)
        return line.starts_with("File <frozen") ? std::nullopt : numberAfter(line, ">:");
    if (line.starts_with("<ipython-input")) // older: <ipython-input-1-…> in <module>
        return arrowBelow(lines, at);
    if (line.starts_with("File \"<") && !line.starts_with("File \"<frozen"))
        return numberAfter(line, ", line ");
    return std::nullopt;
}

/// The caret below a SyntaxError's source line, which IPython indents by four more than the code.
std::optional<int> caretColumn(const std::vector<std::string_view> &lines, std::size_t header, std::size_t &sourceLine)
{
    for (std::size_t i = header + 1; i < lines.size() && i <= header + 3; ++i) {
        const std::string_view line = lines[i];
        if (!trimmed(line).empty() && trimmed(line).find_first_not_of('^') == std::string_view::npos) {
            sourceLine = i - 1;
            return static_cast<int>(line.find('^'));
        }
    }
    return std::nullopt;
}

bool isSyntaxError(const std::string &name)
{
    return name == "SyntaxError" || name == "IndentationError" || name == "TabError";
}

} // namespace

std::string withoutAnsi(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\x1b') {
            result += text[i];
            continue;
        }
        const char kind = i + 1 < text.size() ? text[i + 1] : '\0';
        ++i;
        if (kind == '[') {
            while (i + 1 < text.size() && (text[i + 1] < '@' || text[i + 1] > '~'))
                ++i;
            ++i;
        } else if (kind == ']') {
            while (i + 1 < text.size() && text[i + 1] != '\a' && text[i + 1] != '\x1b')
                ++i;
            i += i + 1 < text.size() && text[i + 1] == '\x1b' ? 2 : 1;
        }
    }
    return result;
}

std::optional<ErrorLine> findErrorLine(const e2b::ExecutionError &error)
{
    // The end of a traceback tells where it happened; a recursion can make it megabytes long.
    std::string_view raw = error.traceback;
    if (raw.size() > tracebackLimit)
        raw.remove_prefix(raw.size() - tracebackLimit);
    const std::string text = withoutAnsi(raw);
    const auto lines = linesOf(text);
    std::optional<ErrorLine> found;
    std::size_t header = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (const auto number = ownFrame(lines, i)) {
            found = ErrorLine{*number, std::nullopt, error.name, withoutAnsi(error.value)};
            header = i;
        }
    }
    if (!found || !isSyntaxError(error.name))
        return found;
    std::size_t source = 0;
    if (const auto caret = caretColumn(lines, header, source)) {
        constexpr int indent = 4;
        found->column = std::max(1, *caret - indent + 1);
    }
    return found;
}

} // namespace sandglass::refine
