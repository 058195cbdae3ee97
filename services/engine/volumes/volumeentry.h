#pragma once

#include "services/core/json.h"

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace sandglass::engine {

/// One entry of a volume, as it is itself: a symbolic link is told as one.
struct VolumeEntry
{
    enum class Type { Unknown, File, Directory, Symlink } type = Type::Unknown;
    std::string name, path; ///< the path begins with '/', which is the volume
    std::int64_t size = 0;
    std::uint32_t mode = 0; ///< permission bits
    std::uint32_t uid = 0, gid = 0;
    std::int64_t accessedNs = 0, modifiedNs = 0, changedNs = 0;
    std::optional<std::string> target; ///< of a symbolic link
};
/// "VolumeEntryStat" of the specification.
[[nodiscard]] Json volumeEntryJson(const VolumeEntry &entry);

/// What `fd` stands for, which was opened with O_PATH | O_NOFOLLOW. None with errno.
[[nodiscard]] std::optional<VolumeEntry> readVolumeEntry(int fd, std::string path);

/// Who owns what is in volumes: the account that sandboxes run as.
[[nodiscard]] uid_t volumeOwner();

} // namespace sandglass::engine
