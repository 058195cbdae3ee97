#include "services/lifecycle/doctorvariants.h"

#include <nlohmann/json.hpp>

#include <array>
#include <string>

namespace sandglass::lifecycle {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t jsonLimit = 64U << 10;
constexpr int depthLimit = 64; // deeper JSON is not written anew
constexpr std::string_view byteOrderMark = "\xef\xbb\xbf";

using TryOne = std::function<bool(Mistake, std::string_view, std::string_view)>;

std::string replaced(std::string_view text, std::string_view from, std::string_view to)
{
    std::string out;
    for (;;) {
        const std::size_t at = text.find(from);
        out.append(text.substr(0, at));
        if (at == text.npos)
            return out;
        out.append(to);
        text.remove_prefix(at + from.size());
    }
}

int depthOf(std::string_view text)
{
    int depth = 0;
    int deepest = 0;
    for (const char c : text) {
        if (c == '{' || c == '[')
            deepest = std::max(deepest, ++depth);
        else if (c == '}' || c == ']')
            --depth;
    }
    return deepest;
}

/// One line with a blank after ',' and ':', as Python writes it.
void writeSpaced(const OrderedJson &value, bool asciiOnly, std::string &out)
{
    const auto scalar = [&](const auto &v) {
        return OrderedJson(v).dump(-1, ' ', asciiOnly, OrderedJson::error_handler_t::replace);
    };
    if (!value.is_structured()) {
        out += scalar(value);
        return;
    }
    out += value.is_object() ? '{' : '[';
    bool isFirst = true;
    for (const auto &item : value.items()) {
        if (!std::exchange(isFirst, false))
            out += ", ";
        if (value.is_object())
            out.append(scalar(item.key())).append(": ");
        writeSpaced(item.value(), asciiOnly, out);
    }
    out += value.is_object() ? '}' : ']';
}

bool tryEnds(std::string_view body, const TryOne &tryOne)
{
    const std::string_view bare = body.substr(0, body.find_last_not_of(" \t\r\n") + 1);
    if (bare.size() != body.size() && !tryOne(Mistake::TrailingBlank, "removed", bare))
        return false;
    for (const char *end : {"\n", " ", "\r\n", "\t"}) {
        if (!tryOne(Mistake::TrailingBlank, "added", std::string(bare) + end))
            return false;
    }
    if (const std::size_t start = body.find_first_not_of(" \t\r\n"); start != 0 && start != body.npos) {
        if (!tryOne(Mistake::TrailingBlank, "removed", body.substr(start)))
            return false;
    }
    return true;
}

bool tryBytes(std::string_view body, const TryOne &tryOne)
{
    const bool isMarked = body.starts_with(byteOrderMark);
    if (!tryOne(Mistake::ByteOrderMark, isMarked ? "removed" : "added",
                isMarked ? std::string(body.substr(byteOrderMark.size())) : std::string(byteOrderMark).append(body)))
        return false;
    if (body.find('\n') == body.npos)
        return true;
    const std::string unix = replaced(body, "\r\n", "\n");
    return tryOne(Mistake::LineEndings, "LF", unix)
        && tryOne(Mistake::LineEndings, "CRLF", replaced(unix, "\n", "\r\n"));
}

/// Compact, spaced and indented, each with escapes or without.
template<typename JsonType>
bool tryWritings(const JsonType &json, const std::string &order, const TryOne &tryOne)
{
    for (const bool asciiOnly : {false, true}) {
        for (const int indent : {-1, 2, 4}) {
            const std::string text = json.dump(indent, ' ', asciiOnly, JsonType::error_handler_t::replace);
            const std::string name = (indent < 0 ? "compact" : "indented by " + std::to_string(indent)) + order;
            if (!tryOne(Mistake::ReencodedBody, name, text)
                || !tryOne(Mistake::ReencodedBody, name + ", with line break", text + "\n"))
                return false;
            const std::string html = replaced(replaced(replaced(text, "<", "\\u003c"), ">", "\\u003e"), "&", "\\u0026");
            if (html != text && !tryOne(Mistake::ReencodedBody, name + ", HTML escapes", html))
                return false;
        }
        std::string spaced;
        writeSpaced(OrderedJson(json), asciiOnly, spaced);
        if (!tryOne(Mistake::ReencodedBody, "blanks after , and :" + order, spaced))
            return false;
    }
    return true;
}

bool tryJson(std::string_view body, const TryOne &tryOne)
{
    if (body.size() > jsonLimit || depthOf(body) > depthLimit)
        return true;
    const OrderedJson ordered = OrderedJson::parse(body, nullptr, false);
    if (ordered.is_discarded())
        return true;
    if (!tryWritings(ordered, "", tryOne))
        return false;
    return tryWritings(nlohmann::json::parse(body, nullptr, false), ", sorted", tryOne);
}

} // namespace

void forEachBodyVariant(std::string_view body, const TryOne &tryOne)
{
    if (tryEnds(body, tryOne) && tryBytes(body, tryOne))
        static_cast<void>(tryJson(body, tryOne));
}

} // namespace sandglass::lifecycle
