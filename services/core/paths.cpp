#include "services/core/paths.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace sandglass {

namespace fs = std::filesystem;

namespace {

fs::path xdg(const char *variable, const fs::path &fallback)
{
    const char *value = std::getenv(variable);
    // The specification: a relative path in the variable is invalid and to be ignored.
    if (value != nullptr && fs::path(value).is_absolute())
        return fs::path(value) / "sandglass";
    return fallback / "sandglass";
}

} // namespace

ProfilePaths ProfilePaths::forDirectory(const fs::path &directory)
{
    if (!directory.empty()) {
        const fs::path root = fs::absolute(directory);
        return {root / "config", root / "data", root / "state", root / "cache", root / "run"};
    }
    const char *homeVariable = std::getenv("HOME");
    const fs::path home = homeVariable != nullptr ? fs::path(homeVariable) : fs::path("/");
    ProfilePaths paths{xdg("XDG_CONFIG_HOME", home / ".config"),
                       xdg("XDG_DATA_HOME", home / ".local/share"),
                       xdg("XDG_STATE_HOME", home / ".local/state"),
                       xdg("XDG_CACHE_HOME", home / ".cache"),
                       {}};
    const char *runtime = std::getenv("XDG_RUNTIME_DIR");
    paths.runtime =
        runtime != nullptr && fs::path(runtime).is_absolute() ? fs::path(runtime) / "sandglass" : paths.state / "run";
    return paths;
}

bool ensurePrivateDirectory(const fs::path &directory)
{
    std::error_code error;
    const bool created = fs::create_directories(directory, error);
    if (error)
        return false;
    if (created)
        fs::permissions(directory, fs::perms::owner_all, error);
    return fs::is_directory(directory, error);
}

} // namespace sandglass
