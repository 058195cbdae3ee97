#pragma once

#include <string>
#include <string_view>

namespace sandglass::engine {

/// In single quotes for a shell.
[[nodiscard]] std::string shellQuoted(std::string_view text);

} // namespace sandglass::engine
