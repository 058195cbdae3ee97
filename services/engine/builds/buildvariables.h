#pragma once

#include <map>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// `value` with $NAME, ${NAME}, ${NAME:-word} and ${NAME:+word} replaced; an unknown variable is empty. A backslash
/// keeps the dollar sign behind it. Everything else stays as it is, command substitution included: it is never run.
[[nodiscard]] std::string expandVariables(std::string_view value, const std::map<std::string, std::string> &variables);

/// `path` against `directory`, without "." and "..": an absolute path.
[[nodiscard]] std::string resolvePath(std::string_view path, std::string_view directory);

} // namespace sandglass::engine
