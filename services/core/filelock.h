#pragma once

#include "services/core/result.h"
#include "services/core/uniquefd.h"

#include <chrono>
#include <filesystem>

namespace sandglass {

/// Makes this process the only one that holds `path`, an empty file that is made when missing, until the descriptor is
/// closed; programs it starts do not inherit it. Blocks for up to `patience` while another process has it. Error: code
/// "locked" when that one keeps it, else why the file cannot be used.
[[nodiscard]] Result<UniqueFd> lockFile(const std::filesystem::path &path, std::chrono::milliseconds patience = {});

} // namespace sandglass
