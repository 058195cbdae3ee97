#pragma once

#include <string>
#include <string_view>

namespace sandglass::engine {

/// 32 bytes; empty when the library fails.
[[nodiscard]] std::string sha256(std::string_view bytes);
[[nodiscard]] std::string sha256Hex(std::string_view bytes); ///< 64 hex digits

} // namespace sandglass::engine
