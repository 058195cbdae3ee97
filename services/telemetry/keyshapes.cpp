#include "services/telemetry/keyshapes.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sandglass::telemetry {

namespace {

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isUpper(char c)
{
    return c >= 'A' && c <= 'Z';
}

bool isLetter(char c)
{
    return isUpper(c) || (c >= 'a' && c <= 'z');
}

bool isWordChar(char c)
{
    return isLetter(c) || isDigit(c) || c == '_';
}

bool isKeyChar(char c)
{
    return isWordChar(c) || c == '-';
}

bool isValueChar(char c)
{
    return isKeyChar(c) || c == '.' || c == '+' || c == '/' || c == '=' || c == '%' || c == '~';
}

bool isUpperOrDigit(char c)
{
    return isUpper(c) || isDigit(c);
}

template<typename Predicate>
std::size_t lengthOf(std::string_view text, Predicate belongs)
{
    return static_cast<std::size_t>(std::ranges::find_if_not(text, belongs) - text.begin());
}

struct Shape
{
    std::string_view prefix;
    std::size_t shortest; ///< characters behind the prefix
    bool (*belongs)(char);
};

constexpr std::array shapes = {
    Shape{"e2b_", 8, isWordChar},     Shape{"sk_e2b_", 8, isWordChar},   Shape{"sk-", 16, isKeyChar},
    Shape{"sk_live_", 8, isWordChar}, Shape{"sk_test_", 8, isWordChar},  Shape{"rk_live_", 8, isWordChar},
    Shape{"ghp_", 16, isWordChar},    Shape{"gho_", 16, isWordChar},     Shape{"ghu_", 16, isWordChar},
    Shape{"ghs_", 16, isWordChar},    Shape{"ghr_", 16, isWordChar},     Shape{"github_pat_", 16, isWordChar},
    Shape{"glpat-", 16, isKeyChar},   Shape{"AKIA", 16, isUpperOrDigit}, Shape{"ASIA", 16, isUpperOrDigit},
    Shape{"AIza", 30, isKeyChar},     Shape{"hf_", 20, isWordChar},      Shape{"npm_", 20, isWordChar},
    Shape{"pypi-", 20, isKeyChar},    Shape{"xoxa-", 10, isKeyChar},     Shape{"xoxb-", 10, isKeyChar},
    Shape{"xoxp-", 10, isKeyChar},    Shape{"xoxr-", 10, isKeyChar},     Shape{"xoxs-", 10, isKeyChar},
};

struct Match
{
    std::size_t length = 0; ///< of the text that goes; 0: nothing is here
    std::size_t kept = 0;   ///< of it stays, before the stars
};

Match shapeAt(std::string_view rest)
{
    for (const Shape &shape : shapes) {
        if (!rest.starts_with(shape.prefix))
            continue;
        const std::size_t body = lengthOf(rest.substr(shape.prefix.size()), shape.belongs);
        if (body >= shape.shortest)
            return {shape.prefix.size() + body, shape.prefix.size()};
    }
    return {};
}

/// Three parts of base64url, the first of which begins with `{"`.
Match webTokenAt(std::string_view rest)
{
    if (!rest.starts_with("eyJ"))
        return {};
    std::size_t end = 0;
    for (int part = 0; part < 3; ++part) {
        if (part > 0 && (end >= rest.size() || rest[end++] != '.'))
            return {};
        const std::size_t length = lengthOf(rest.substr(end), isKeyChar);
        if (length < 8)
            return {};
        end += length;
    }
    return {end, 3};
}

Match privateKeyAt(std::string_view rest)
{
    constexpr std::string_view begin = "-----BEGIN ", label = "PRIVATE KEY-----", stop = "-----END ";
    if (!rest.starts_with(begin))
        return {};
    const std::size_t head = rest.substr(0, 80).find(label);
    if (head == std::string_view::npos)
        return {};
    const std::size_t kept = head + label.size();
    if (rest.substr(kept).starts_with("***"))
        return {};
    const std::size_t foot = rest.find(stop, kept);
    if (foot == std::string_view::npos) // cut: all that follows may be part of it
        return kept < rest.size() ? Match{rest.size(), kept} : Match{};
    return {foot, kept};
}

constexpr std::array<std::string_view, 11> secretEnds = {"passwd",      "passphrase", "token",        "apikey",
                                                         "api_key",     "api-key",    "credential",   "credentials",
                                                         "private_key", "access_key", "authorization"};

bool namesSecret(std::string_view name, bool isEnvironmentName)
{
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](char c) { return isUpper(c) ? static_cast<char>(c + 32) : c; });
    const bool isSecret = lower.find("password") != std::string::npos || lower.find("secret") != std::string::npos
        || std::ranges::any_of(secretEnds, [&](std::string_view end) { return lower.ends_with(end); });
    return isSecret || (isEnvironmentName && (lower == "key" || lower.ends_with("_key")));
}

/// `NAME=value`, `NAME: value`, `'name': 'value'`. Values without quotes count behind names of the environment only
/// ("DB_PASSWORD"), and only where they are no call or member of a program.
Match namedValueAt(std::string_view rest)
{
    constexpr std::size_t longestName = 80;
    const std::size_t name = lengthOf(rest.substr(0, longestName + 1), isKeyChar);
    if (name == 0 || name > longestName)
        return {};
    std::size_t at = name;
    if (at < rest.size() && (rest[at] == '"' || rest[at] == '\''))
        ++at;
    while (at < rest.size() && rest[at] == ' ')
        ++at;
    if (at >= rest.size() || (rest[at] != '=' && rest[at] != ':'))
        return {};
    ++at;
    while (at < rest.size() && rest[at] == ' ')
        ++at;
    const bool isEnvironmentName =
        std::ranges::none_of(rest.substr(0, name), [](char c) { return c >= 'a' && c <= 'z'; });
    if (at >= rest.size() || !namesSecret(rest.substr(0, name), isEnvironmentName))
        return {};
    constexpr std::size_t shortest = 6, longest = 4096;
    if (const char quote = rest[at]; quote == '"' || quote == '\'') {
        ++at;
        const std::string_view value = rest.substr(at, longest);
        const std::size_t length = lengthOf(value, [quote](char c) { return c != quote && c != '\n'; });
        const bool isThere = length >= shortest && length < value.size() && !value.substr(0, length).ends_with("***");
        return isThere ? Match{at + length, at} : Match{};
    }
    if (!isEnvironmentName)
        return {};
    const std::size_t length = lengthOf(rest.substr(at), isValueChar);
    const char next = at + length < rest.size() ? rest[at + length] : '\n';
    const bool isValue = next != '(' && next != '[' && next != '*';
    return length >= shortest && isValue ? Match{at + length, at} : Match{};
}

} // namespace

std::string withoutKeyShapes(std::string_view text, int &places)
{
    std::string out;
    out.reserve(text.size());
    std::size_t at = 0;
    while (at < text.size()) {
        const std::string_view rest = text.substr(at);
        const bool isWordStart = at == 0 || !isWordChar(text[at - 1]);
        Match match;
        if (isWordStart && (isLetter(rest.front()) || rest.front() == '_')) {
            match = shapeAt(rest);
            if (match.length == 0)
                match = webTokenAt(rest);
            if (match.length == 0)
                match = namedValueAt(rest);
        } else if (rest.front() == '-' && (at == 0 || text[at - 1] != '-')) {
            match = privateKeyAt(rest);
        }
        if (match.length == 0) {
            out += text[at++];
            continue;
        }
        out += rest.substr(0, match.kept);
        out += "***";
        ++places;
        at += match.length;
    }
    return out;
}

} // namespace sandglass::telemetry
