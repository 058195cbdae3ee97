#pragma once

#include "services/core/result.h"
#include "services/http/server.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// The engine's key from `file`; made there ("e2b_" + 40 hex digits, 0600) at the first start. A file that holds
/// something else is an error rather than silently replaced: clients may have been given that key.
[[nodiscard]] Result<std::string> loadApiKey(const std::filesystem::path &file);

/// The key a request carries: X-API-KEY, or else the Bearer token. Empty: none.
[[nodiscard]] std::string_view givenKey(const http::RequestHead &head);

/// Writes next to `file` and renames, so that a reader sees the old content or the new; 0600.
[[nodiscard]] Result<> writeFileAtomically(const std::filesystem::path &file, std::string_view content);

} // namespace sandglass::engine
