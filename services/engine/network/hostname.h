#pragma once

#include <string>
#include <string_view>

namespace sandglass::engine {

/// ASCII letters in lower case.
[[nodiscard]] std::string lowered(std::string_view text);

/// Whether it may be the name of a host, in lower case; "*.x.y" counts, an address does not.
[[nodiscard]] bool isDomainName(std::string_view text);

} // namespace sandglass::engine
