#pragma once

#include "services/core/uniquefd.h"
#include "services/engine/volumes/volumeentry.h"

#include <fcntl.h>

#include <cstdint>
#include <string>
#include <vector>

// Through the folders of a volume by descriptors: a name is looked up in the folder it was read from and followed
// nowhere, whatever a sandbox does to it meanwhile.
namespace sandglass::engine::volumewalk {

inline constexpr int kDeepest = 128; ///< folders within folders that are gone into
inline constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Adds what stands in the folder, which is told as `path`, and `depth` - 1 folders below it; `most` entries in all.
void list(std::vector<VolumeEntry> &entries, UniqueFd folder, const std::string &path, std::uint32_t depth,
          std::int64_t most);

/// The folder `name` in `parent`, also one that its owner has closed to himself. Empty with errno.
[[nodiscard]] UniqueFd openToRemove(int parent, const std::string &name);
/// Everything in the folder goes. False when something is left.
[[nodiscard]] bool removeAll(UniqueFd folder, int depth = 0);

struct Use
{
    std::int64_t bytes = 0; ///< on the disk
    std::int64_t entries = 0;
};
/// Adds up what is in the folder, `most` entries of it.
void addUp(Use &use, UniqueFd folder, std::int64_t most, int depth = 0);

} // namespace sandglass::engine::volumewalk
