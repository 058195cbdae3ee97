#include "services/refine/answercode.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace sandglass::refine {

namespace {

struct Fence
{
    char mark = 0; ///< 0: the line is no fence
    std::size_t length = 0;
    std::size_t indent = 0;
    std::string_view info;
};

struct Block
{
    std::string language;
    std::string code;
    bool isClosed = false;
};

Fence fenceOf(std::string_view line)
{
    constexpr std::size_t shortest = 3;
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == std::string_view::npos || (line[indent] != '`' && line[indent] != '~'))
        return {};
    const char mark = line[indent];
    const std::size_t end = std::min(line.find_first_not_of(mark, indent), line.size());
    const std::string_view info = line.substr(end);
    if (end - indent < shortest || (mark == '`' && info.find('`') != std::string_view::npos))
        return {};
    return {mark, end - indent, indent, info};
}

/// "python" of " Python title=x", "{.python}", "python:main.py".
std::string languageOf(std::string_view info)
{
    const auto isWord = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    const auto *const begin = std::ranges::find_if(info, isWord);
    std::string word(begin, std::find_if_not(begin, info.end(), isWord));
    std::ranges::transform(word, word.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return word;
}

bool isPython(const std::string &language)
{
    return language.starts_with("python") || language == "py" || language == "py3" || language.starts_with("ipython");
}

bool isBlank(std::string_view text)
{
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::vector<Block> blocksIn(std::string_view text)
{
    std::vector<Block> blocks;
    Fence open;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        const Fence fence = fenceOf(line);
        if (open.mark == 0) {
            if (fence.mark != 0) {
                open = fence;
                blocks.push_back({languageOf(fence.info), {}, false});
            }
        } else if (fence.mark == open.mark && fence.length >= open.length && isBlank(fence.info)) {
            blocks.back().isClosed = true;
            open = {};
        } else {
            const std::size_t spaces = std::min(line.find_first_not_of(' '), line.size());
            line.remove_prefix(std::min(spaces, open.indent)); // of a fence within a list
            blocks.back().code += line;
            blocks.back().code += '\n';
        }
    }
    return blocks;
}

std::string_view withoutThoughts(std::string_view text)
{
    constexpr std::string_view begin = "<think>", end = "</think>";
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || !text.substr(first).starts_with(begin))
        return text;
    const auto over = text.find(end, first);
    return over == std::string_view::npos ? std::string_view() : text.substr(over + end.size());
}

tl::unexpected<Error> fault(const char *code, std::string message)
{
    return failure(Error::Kind::Decode, std::move(message), 0, code);
}

} // namespace

Result<std::string> codeFrom(const ModelAnswer &answer)
{
    using Stop = ModelAnswer::Stop;
    constexpr std::size_t mostWords = 200;
    const std::string_view text = withoutThoughts(answer.text);
    const std::string words(text.substr(0, std::min(mostWords, text.size())));
    if (answer.stop == Stop::Refused)
        return fault("refused", "the model refused to answer" + (words.empty() ? std::string() : ": " + words));
    const std::vector<Block> blocks = blocksIn(text);
    const bool isCut = answer.stop == Stop::Length;
    if (isCut && (blocks.empty() || !blocks.back().isClosed))
        return fault("truncated",
                     "the answer was cut off at its length limit (" + answer.stopWord
                         + "), before its program was complete");
    if (isBlank(text))
        return fault("empty", "the answer is empty");
    const auto longest = [&blocks](auto belongs) {
        const Block *best = nullptr;
        for (const Block &block : blocks) {
            if (belongs(block) && !isBlank(block.code) && (best == nullptr || block.code.size() >= best->code.size()))
                best = &block;
        }
        return best;
    };
    const Block *best = longest([](const Block &block) { return isPython(block.language); });
    if (best == nullptr)
        best = longest([](const Block &block) { return block.language.empty(); });
    if (best != nullptr)
        return best->code;
    const auto other = std::ranges::find_if(blocks, [](const Block &block) { return !block.language.empty(); });
    if (other != blocks.end() && !isPython(other->language))
        return fault("no_code", "the answer holds no Python, only " + other->language);
    return fault("no_code", "the answer holds no program in a fenced block");
}

bool isFaultOfAnswer(const Error &error)
{
    return error.code == "no_code" || error.code == "truncated" || error.code == "empty";
}

} // namespace sandglass::refine
