#include "services/engine/builds/buildvariables.h"

#include <vector>

namespace sandglass::engine {

namespace {

using Variables = std::map<std::string, std::string>;

bool isNameStart(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::size_t nameLength(std::string_view text)
{
    std::size_t length = 0;
    while (length < text.size()
           && (isNameStart(text[length]) || (length > 0 && text[length] >= '0' && text[length] <= '9')))
        ++length;
    return length;
}

std::string valueOf(std::string_view name, const Variables &variables)
{
    const auto known = variables.find(std::string(name));
    return known != variables.end() ? known->second : std::string();
}

/// What stands between the braces; false when it is none of the known forms.
bool expandBraces(std::string_view inner, const Variables &variables, std::string &result)
{
    const std::size_t length = nameLength(inner);
    if (length == 0)
        return false;
    const std::string value = valueOf(inner.substr(0, length), variables);
    const std::string_view rest = inner.substr(length);
    if (rest.empty())
        result += value;
    else if (rest.starts_with(":-"))
        result += value.empty() ? expandVariables(rest.substr(2), variables) : value;
    else if (rest.starts_with(":+"))
        result += value.empty() ? std::string() : expandVariables(rest.substr(2), variables);
    else
        return false;
    return true;
}

} // namespace

std::string expandVariables(std::string_view value, const Variables &variables)
{
    std::string result;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size() && value[i + 1] == '$') {
            result += value[++i];
            continue;
        }
        if (value[i] != '$') {
            result += value[i];
            continue;
        }
        const std::string_view rest = value.substr(i + 1);
        if (rest.starts_with('{')) {
            const auto end = rest.find('}');
            if (end != rest.npos && expandBraces(rest.substr(1, end - 1), variables, result)) {
                i += end + 1;
                continue;
            }
        } else if (const std::size_t length = nameLength(rest); length > 0) {
            result += valueOf(rest.substr(0, length), variables);
            i += length;
            continue;
        }
        result += '$';
    }
    return result;
}

std::string resolvePath(std::string_view path, std::string_view directory)
{
    const std::string whole =
        path.starts_with('/') ? std::string(path) : std::string(directory) + "/" + std::string(path);
    std::vector<std::string_view> parts;
    for (std::string_view rest = whole; !rest.empty();) {
        const auto slash = rest.find('/');
        const auto part = rest.substr(0, slash);
        rest.remove_prefix(slash == rest.npos ? rest.size() : slash + 1);
        if (part == ".." && !parts.empty())
            parts.pop_back();
        else if (!part.empty() && part != "." && part != "..")
            parts.push_back(part);
    }
    std::string resolved;
    for (const std::string_view part : parts)
        resolved.append("/").append(part);
    return resolved.empty() ? "/" : resolved;
}

} // namespace sandglass::engine
