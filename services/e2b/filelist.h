#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/core/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::e2b {

/// One entry below a folder of a sandbox, as envd tells of it.
struct ListedFile
{
    enum class Type : std::uint8_t { File, Directory, Other };
    std::string path;
    Type type = Type::File;
    std::int64_t size = 0; ///< bytes
    std::optional<Timestamp> modified;
    std::string linkTarget; ///< of a symbolic link
    friend bool operator==(const ListedFile &, const ListedFile &) = default;
};

struct FileList
{
    static constexpr std::size_t mostFiles = 5'000;
    static constexpr std::size_t mostPathBytes = 1U << 20; ///< of all paths together

    std::vector<ListedFile> files; ///< by path
    bool isCut = false;            ///< there are more behind the last one
    friend bool operator==(const FileList &, const FileList &) = default;
};

/// The answer of filesystem.Filesystem/ListDir, sorted and cut to the limits.
[[nodiscard]] Result<FileList> decodeFileList(const Json &value);

[[nodiscard]] Json toJson(const FileList &list);
[[nodiscard]] Result<FileList> fileListFrom(const Json &value); ///< what toJson() made

struct FileDifference
{
    std::vector<std::string> added, removed, changed; ///< paths, sorted
    std::size_t same = 0;                             ///< files, without folders
    bool isPartial = false;                           ///< one side was cut: what lies behind is not compared

    [[nodiscard]] bool isNone() const { return added.empty() && removed.empty() && changed.empty(); }
};

/// By path, type, size, time of change and target of links; folders by path and type alone, since what happens in them
/// shows in the files.
[[nodiscard]] FileDifference compareFiles(const FileList &before, const FileList &after);

} // namespace sandglass::e2b
