#pragma once

#include "services/core/json.h"

#include <string>
#include <sys/stat.h>

namespace sandglass::engine {

/// Go's os.FileMode.String(): "-rw-r--r--", "drwxr-xr-x", "dtrwxrwxrwx", "Lrwxrwxrwx", "Dcrw-rw-rw-".
[[nodiscard]] std::string goModeString(mode_t mode);

/// The entry at absolute `path` as the wire's JSON object: lstat, but the type and size of a live link's target.
/// Empty with errno.
[[nodiscard]] Result<Json> describeEntry(const std::string &path);

/// errno as the Connect code and message of a failed file operation on `path`.
[[nodiscard]] Error fileError(int error, const std::string &path);

} // namespace sandglass::engine
