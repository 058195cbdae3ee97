#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sandglass {

[[nodiscard]] std::string base64Encode(std::string_view bytes);      ///< standard alphabet, padded
[[nodiscard]] std::string base64EncodeNoPad(std::string_view bytes); ///< standard alphabet, no '='
[[nodiscard]] std::string base64UrlEncode(std::string_view bytes);   ///< '-' and '_', no '='

/// Either alphabet, with or without padding, white space ignored; empty when anything else stands in the text.
[[nodiscard]] std::optional<std::string> base64Decode(std::string_view text);

} // namespace sandglass
