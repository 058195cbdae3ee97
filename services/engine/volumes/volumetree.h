#pragma once

#include "services/core/result.h"
#include "services/core/uniquefd.h"
#include "services/engine/volumes/volumewalk.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

using VolumeUse = volumewalk::Use;

/// The files of one volume. What is in it may have been put there by a sandbox and change at any moment: no path and no
/// symbolic link leads out of it, and nothing but regular files is ever read or written. Errors carry the HTTP status
/// and a code: "not_found", "invalid_argument", "already_exists", "permission_denied", "not_enough_space". Any thread.
class VolumeTree final
{
public:
    static constexpr std::int64_t kMostEntries = 100'000; ///< files and folders in one volume

    [[nodiscard]] static Result<VolumeTree> open(const std::string &directory);

    [[nodiscard]] Result<VolumeEntry> stat(std::string_view path) const;
    /// `depth` 1 = what stands in the folder itself.
    [[nodiscard]] Result<std::vector<VolumeEntry>> list(std::string_view path, std::uint32_t depth) const;
    /// `parents`: those that are missing are made too, and one that is there already is no error.
    [[nodiscard]] Result<VolumeEntry> makeDirectory(std::string_view path, std::uint32_t mode, bool parents) const;
    [[nodiscard]] Result<VolumeEntry> setMode(std::string_view path, std::uint32_t mode) const;
    [[nodiscard]] Result<> remove(std::string_view path) const; ///< a folder with all that is in it
    [[nodiscard]] Result<UniqueFd> openFile(std::string_view path) const;
    /// Puts the bytes of `source` there, all of them or none.
    [[nodiscard]] Result<VolumeEntry> store(std::string_view path, int source, std::uint32_t mode,
                                            bool overwrite) const;

    /// Adds up what is in it; stops early beyond kMostEntries.
    [[nodiscard]] VolumeUse use() const;

private:
    explicit VolumeTree(UniqueFd root) : m_root(std::move(root)) {}

    UniqueFd m_root;
};

} // namespace sandglass::engine
