#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// Whether the image is what the engine's own base stands for: E2B's default images, or none.
[[nodiscard]] bool isHostBase(std::string_view image);

/// Changes with the programs of this machine that the base consists of.
[[nodiscard]] std::string hostBaseStamp(const std::string &stateDirectory);

/// Why an image cannot be used, and what to install.
[[nodiscard]] std::string missingImage(const std::string &image);

/// What to do about a failed command where its reason lies in the base; else empty.
[[nodiscard]] std::string hintFor(std::string_view command, const std::vector<std::string> &layers);

} // namespace sandglass::engine
