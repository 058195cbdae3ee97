#pragma once

#include "services/core/result.h"

#include <filesystem>
#include <string_view>

namespace sandglass::engine {

/// Writes the accounts, hosts and profile of a sandbox into `etc`, and copies what programs of the host's /usr need to
/// run (the linker's cache, alternatives, certificates, fonts …). Files that only root can read are never copied.
[[nodiscard]] Result<> writeEtc(const std::filesystem::path &etc);

/// What writeEtc() writes into the file of that name, whatever the host has; empty for other names.
[[nodiscard]] std::string_view etcText(std::string_view name);

/// Creates or replaces `path` with `text`.
[[nodiscard]] Result<> writeText(const std::filesystem::path &path, std::string_view text);

} // namespace sandglass::engine
