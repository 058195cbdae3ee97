#pragma once

#include "services/core/result.h"
#include "services/core/uniquefd.h"

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace sandglass::engine {

/// The files of a system that was unpacked into a folder and is not running. Its symbolic links are followed as they
/// would be inside it: none leads out of the folder, whoever made them. Paths are relative to its top.
class SystemTree final
{
public:
    /// `owner`: who gets what is made; none = who calls.
    SystemTree(UniqueFd top, std::optional<uid_t> owner) : m_top(std::move(top)), m_owner(owner) {}

    [[nodiscard]] bool has(const std::string &path) const;
    [[nodiscard]] bool hasProgram(const std::string &path) const;
    /// Of a regular file; nothing when there is none, or it is larger than 1 MiB.
    [[nodiscard]] std::optional<std::string> read(const std::string &path) const;
    /// In the place of whatever file or link is there.
    [[nodiscard]] Result<> write(const std::string &path, std::string_view text, mode_t mode = 0644) const;
    /// With those above it, where they are missing.
    [[nodiscard]] Result<> makeFolder(const std::string &path, mode_t mode = 0755) const;
    [[nodiscard]] int top() const { return m_top.get(); }

private:
    [[nodiscard]] UniqueFd open(const std::string &path, int flags) const;
    [[nodiscard]] bool own(int parent, const char *name) const;

    UniqueFd m_top;
    std::optional<uid_t> m_owner;
};

} // namespace sandglass::engine
