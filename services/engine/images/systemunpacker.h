#pragma once

#include "services/core/uniquefd.h"
#include "services/engine/images/tarreader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace sandglass::engine {

/// Unpacks the archive of a whole system into a folder, checking each entry before it is made: a name that is absolute,
/// climbs out, or goes through a symbolic link, a hard link to what is not in the folder, and a device end it. Devices
/// below dev/ are left out, as each sandbox has its own. Symbolic links may lead anywhere: nothing here follows one.
/// Files belong to one owner who can read and write them all; nothing changes its user when it is run. What is half
/// unpacked is left to the caller to remove.
class SystemUnpacker final : public TarReader
{
public:
    /// `folder` is open and empty. `owner`: who gets the files, with the group of that number; none = who calls.
    SystemUnpacker(int folder, std::optional<uid_t> owner, TarLimits limits)
        : TarReader(limits), m_root(folder), m_owner(owner)
    {}

    [[nodiscard]] bool finish() override;
    [[nodiscard]] std::int64_t bytes() const { return m_bytes; } ///< of file contents so far

private:
    bool entry(const TarEntry &found) override;
    bool content(std::string_view piece) override;
    bool place(const TarEntry &found, const std::string &path, int parent, const char *name);
    bool makeFolder(const TarEntry &found, int parent, const char *name);
    bool makeFile(const TarEntry &found, const std::string &path, int parent, const char *name);
    bool makeHardLink(const std::string &link, const std::string &path, int parent, const char *name);
    bool own(int parent, const char *name, std::int64_t modified);
    bool closeFile();
    /// The folder of that path, made with those above it where it is missing. -1 with an error.
    [[nodiscard]] int openFolder(std::string_view path);
    bool cannot(const char *what, const std::string &path); ///< false, with errno

    const int m_root;
    const std::optional<uid_t> m_owner;
    std::string m_parentPath; ///< of m_parent
    UniqueFd m_parent, m_file;
    std::string m_filePath;
    std::uint32_t m_fileMode = 0;
    std::int64_t m_fileTime = 0, m_bytes = 0;
};

} // namespace sandglass::engine
