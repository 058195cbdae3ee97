#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/core/uniquefd.h"

#include <map>
#include <string>

namespace sandglass::engine {

/// Watches a directory with inotify and tells of changes as lines of JSON on a pipe:
/// {"type": "CREATE" | "WRITE" | "REMOVE" | "RENAME" | "CHMOD", "name": relative to the directory, "entry"?: as stat}.
/// A reader that is slow holds the watch back; what the kernel cannot keep meanwhile is lost.
class DirectoryWatch final
{
public:
    /// Error: the directory is missing, is none, may not be read, or holds more directories than can be watched.
    [[nodiscard]] static Result<DirectoryWatch> open(const std::string &path, bool recursive, bool withEntries);

    [[nodiscard]] UniqueFd takeReader() { return std::move(m_reader); }
    /// Closes every other descriptor of the process and tells of changes until nobody reads any more.
    void run();

private:
    DirectoryWatch() = default;
    [[nodiscard]] Result<> add(const std::string &directory, const std::string &name);
    void addFound(const std::string &name);
    void forget(const std::string &name);
    [[nodiscard]] bool tellEvents();
    [[nodiscard]] bool tell(const char *type, const std::string &name) const;
    [[nodiscard]] std::string pathOf(const std::string &name) const;

    std::string m_path;
    bool m_recursive = false, m_withEntries = false;
    UniqueFd m_notify, m_reader, m_writer;
    std::map<int, std::string> m_names; ///< watch -> directory relative to the root of the watch, empty for the root
};

} // namespace sandglass::engine
