#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// Changes with the programs of this machine that the base consists of.
[[nodiscard]] std::string hostBaseStamp(const std::string &stateDirectory);

/// What to do about a failed command where its reason lies in the base; else empty.
[[nodiscard]] std::string hintFor(std::string_view command, const std::vector<std::string> &layers);

} // namespace sandglass::engine
