#pragma once

#include "services/core/result.h"

#include <string>

namespace sandglass::engine {

/// What a COPY step takes and where it goes.
struct CopyWish
{
    std::string source;      ///< in the archive; from the first glob character on only the archive matters
    std::string destination; ///< absolute; with a '/' at the end a folder
    std::string mode;        ///< octal digits, or empty
};

/// Where the archive lies in the sandbox when the script begins.
inline constexpr const char *kCopyArchive = "/tmp/.sandglass-copy/archive";

/// A shell script that unpacks the archive, puts the files in their place and leaves nothing else behind. Error 400: a
/// source that leads out, or a mode that is none.
[[nodiscard]] Result<std::string> copyScript(const CopyWish &wish);

} // namespace sandglass::engine
