#pragma once

#include <filesystem>

namespace sandglass {

/// Where a profile keeps its files. Without an explicit directory: the XDG folders, each with "sandglass" appended.
struct ProfilePaths
{
    std::filesystem::path config;  ///< settings.ini
    std::filesystem::path data;    ///< journal.db, sessions
    std::filesystem::path state;   ///< window state, engine state, autosaves
    std::filesystem::path cache;   ///< may be deleted at any time
    std::filesystem::path runtime; ///< ready files, sockets; short, because Unix socket paths end at 108 bytes

    /// `directory` empty: XDG. Creates nothing.
    [[nodiscard]] static ProfilePaths forDirectory(const std::filesystem::path &directory);
};

/// Creates `directory` with its parents, 0700. False when it cannot be made or is no directory.
[[nodiscard]] bool ensurePrivateDirectory(const std::filesystem::path &directory);

} // namespace sandglass
