#pragma once

#include "services/core/json.h"

#include <string>
#include <sys/stat.h>

namespace sandglass::engine {

/// Go's os.FileMode.String(): "-rw-r--r--", "drwxr-xr-x", "dtrwxrwxrwx", "Lrwxrwxrwx", "Dcrw-rw-rw-".
[[nodiscard]] std::string goModeString(mode_t mode);

/// The entry at absolute `path` as the wire's JSON object: lstat, but the type and size of a live link's target.
/// Empty with errno. Owners are "user" and "root": the kernel knows one account for both, so what lies in /root is
/// root's, and what noteRootOwns() was called for.
[[nodiscard]] Result<Json> describeEntry(const std::string &path);

/// Notes it in an extended attribute, which a file system may not have: then the file is the user's.
void noteRootOwns(const std::string &path);

/// errno as the Connect code and message of a failed file operation on `path`.
[[nodiscard]] Error fileError(int error, const std::string &path);

} // namespace sandglass::engine
