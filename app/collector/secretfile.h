#pragma once

#include "services/core/result.h"

#include <cstddef>
#include <filesystem>
#include <string>

namespace sandglass::collectorapp {

/// The first line of a file a person has made. Error: unreadable, or shorter than `shortest` characters.
[[nodiscard]] Result<std::string> readSecret(const std::filesystem::path &file, std::size_t shortest);

/// The same of the program's own file; made with 256 random bits and mode 0600 when there is none.
[[nodiscard]] Result<std::string> keepSecret(const std::filesystem::path &file, std::size_t shortest);

} // namespace sandglass::collectorapp
