#include "services/engine/templates/baselayer.h"

#include "services/engine/templates/etcfiles.h"
#include "services/engine/templates/runnerscript.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace sandglass::engine {
namespace {

constexpr int formatVersion = 3; // raise when the layer is made differently

struct Folder
{
    const char *name;
    mode_t mode;
};

constexpr Folder folders[] = {
    {"boot", 0755},
    {"dev", 0755},
    {"etc", 0755},
    {"home", 0755},
    {"home/user", 0755},
    {"media", 0755},
    {"mnt", 0755},
    {"opt", 0755},
    {"opt/sandglass", 0755},
    {"opt/sandglass/local", 0755},
    {"proc", 0755},
    {"root", 0755},
    {"run", 0755},
    {"srv", 0755},
    {"sys", 0755},
    {"tmp", 01777},
    {"usr", 0755},
    {"var", 0755},
    {"var/cache", 0755},
    {"var/lib", 0755},
    {"var/log", 0755},
    {"var/tmp", 01777},
    {"tmp/.ipython", 0755}, // as IPython makes it, which takes a forked kernel as long as all the rest
    {"tmp/.ipython/profile_default", 0755},
    {"tmp/.ipython/profile_default/db", 0755},
    {"tmp/.ipython/profile_default/log", 0755},
    {"tmp/.ipython/profile_default/pid", 0700},
    {"tmp/.ipython/profile_default/security", 0700},
    {"tmp/.ipython/profile_default/startup", 0755},
    {"var/cache/fontconfig", 0755},
    {"opt/sandglass/local/bin", 0755},
    {"opt/sandglass/local/etc", 0755},
    {"opt/sandglass/local/include", 0755},
    {"opt/sandglass/local/lib", 0755},
    {"opt/sandglass/local/sbin", 0755},
    {"opt/sandglass/local/share", 0755},
};

constexpr Folder guestFolders[] = {
    {"dev", 0755}, {"opt", 0755}, {"opt/sandglass", 0755}, {"proc", 0755}, {"run", 0755}, {"sys", 0755}, {"tmp", 01777},
};

constexpr const char *bashrc = "# ~/.bashrc: for interactive shells\n"
                               "case $- in *i*) ;; *) return ;; esac\n"
                               "PS1='\\u@\\h:\\w\\$ '\n"
                               "alias ls='ls --color=auto'\n";
constexpr const char *profile =
    "# ~/.profile: for login shells\n"
    "if [ -n \"$BASH_VERSION\" ] && [ -f \"$HOME/.bashrc\" ]; then . \"$HOME/.bashrc\"; fi\n"
    "if [ -d \"$HOME/.local/bin\" ]; then PATH=\"$HOME/.local/bin:$PATH\"; fi\n";

tl::unexpected<Error> cannot(const std::string &what, int error)
{
    return failure(Error::Kind::Local, "cannot " + what + ": " + std::strerror(error));
}

/// Changes when a layer must be made anew: another account, another runner.
std::string guestFingerprint()
{
    std::string text = std::to_string(formatVersion) + " " + std::to_string(geteuid());
    for (const KernelFile &file : kernelFiles())
        text += " " + std::to_string(std::hash<std::string_view>{}(file.text));
    return text;
}

/// The same with the programs on the host.
std::string baseFingerprint()
{
    std::string text = guestFingerprint();
    for (const char *path : {"/var/lib/dpkg/status", "/etc/ld.so.cache", "/etc/alternatives", "/etc/ssl/certs"}) {
        struct stat status
        {};
        if (stat(path, &status) == 0)
            text += " " + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
    }
    return text;
}

Result<> makeFolders(const fs::path &root, std::span<const Folder> wanted)
{
    for (const Folder &folder : wanted) {
        const fs::path path = root / folder.name;
        if ((mkdir(path.c_str(), folder.mode) != 0 && errno != EEXIST) || chmod(path.c_str(), folder.mode) != 0)
            return cannot("make " + path.string(), errno);
    }
    return {};
}

Result<> linkFolders(const fs::path &root)
{
    // The same links as on the host (bin -> usr/bin …); real directories of an unmerged host are linked as well.
    for (const char *name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
        if (access((fs::path("/usr") / name).c_str(), F_OK) == 0
            && symlink((std::string("usr/") + name).c_str(), (root / name).c_str()) != 0)
            return cannot(std::string("link ") + name, errno);
    }
    if (symlink("../run", (root / "var/run").c_str()) != 0)
        return cannot("link var/run", errno);
    return {};
}

Result<> writeKernelFiles(const fs::path &root)
{
    for (const KernelFile &file : kernelFiles()) {
        if (auto written = writeText(root / (file.path + 1), file.text); !written)
            return written;
    }
    return {};
}

Result<> fillGuest(const fs::path &root)
{
    auto made = makeFolders(root, guestFolders);
    return made ? writeKernelFiles(root) : made;
}

Result<> fillBase(const fs::path &root)
{
    std::array<Result<>, 7> steps = {
        makeFolders(root, folders),
        linkFolders(root),
        writeEtc(root / "etc"),
        writeText(root / "home/user/.bashrc", bashrc),
        writeText(root / "home/user/.profile", profile),
        writeText(root / "root/.bashrc", bashrc),
        writeText(root / "root/.profile", profile),
    };
    for (Result<> &step : steps) {
        if (!step)
            return step;
    }
    return writeKernelFiles(root);
}

/// Makes the layer `name` by `fill` unless it was made under the same `wanted`.
Result<> ensureLayer(const fs::path &layers, const std::string &name, const std::string &wanted,
                     Result<> (*fill)(const fs::path &))
{
    const fs::path layer = layers / name;
    const fs::path stamp = layers / (name + ".stamp");
    std::error_code failed;
    std::string present;
    std::getline(std::ifstream(stamp), present);
    if (present == wanted && fs::is_directory(layer, failed))
        return {};

    const fs::path fresh = layers / (name + ".new");
    fs::remove(stamp, failed);
    fs::remove_all(fresh, failed);
    fs::remove_all(layer, failed);
    if (mkdir(fresh.c_str(), 0755) != 0)
        return cannot("make " + fresh.string(), errno);
    if (auto filled = fill(fresh); !filled)
        return filled;
    fs::rename(fresh, layer, failed);
    if (failed)
        return cannot("put the layer " + name + " in place", failed.value());
    return writeText(stamp, wanted + "\n");
}

} // namespace

Result<> ensureBaseLayer(const std::string &layersDirectory)
{
    return ensureLayer(layersDirectory, baseLayerName, baseFingerprint(), fillBase);
}

Result<> ensureGuestLayer(const std::string &layersDirectory)
{
    return ensureLayer(layersDirectory, guestLayerName, guestFingerprint(), fillGuest);
}

} // namespace sandglass::engine
