#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/core/uniquefd.h"

#include <string>

/// File operations of sandglass-sandboxd, in its own root. Semantics: envd's filesystem service (e2b-protocol.md 4.5).
namespace sandglass::engine::files {

inline constexpr const char *home = "/home/user";
inline constexpr const char *rootHome = "/root";
inline constexpr std::size_t maxListed = 100'000; ///< entries of one answer

/// Who a request acts as; by default the sandbox's user. To the kernel both are one account.
enum class Account { User, Root, Unknown };
[[nodiscard]] Account accountOf(const std::string &name);

/// Absolute form: relative paths and "~" begin at the home; "." and ".." are folded away textually.
[[nodiscard]] std::string absolutePath(const std::string &path);

/// What is newly made `forRoot` is noted as root's: see describeEntry().
[[nodiscard]] Result<UniqueFd> openRegular(const std::string &path, bool forWriting, bool forRoot = false);
[[nodiscard]] Result<Json> list(const std::string &path, int depth);
[[nodiscard]] Result<Json> makeDirectory(const std::string &path, bool forRoot = false);
[[nodiscard]] Result<Json> move(const std::string &source, const std::string &destination);
[[nodiscard]] Result<Json> remove(const std::string &path);

} // namespace sandglass::engine::files
