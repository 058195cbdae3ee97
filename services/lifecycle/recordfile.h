#pragma once

#include "services/core/json.h"
#include "services/core/result.h"

#include <filesystem>

namespace sandglass::lifecycle {

/// Small JSON files of a profile: 0600, replaced atomically and on disk when write returns. Not for secrets or growing
/// data.

/// A null value when there is no such file. Errors: Local (not readable, larger than 4 MiB), Decode (not JSON).
[[nodiscard]] Result<Json> readRecord(const std::filesystem::path &file);
[[nodiscard]] Result<> writeRecord(const std::filesystem::path &file, const Json &value);

} // namespace sandglass::lifecycle
