#include "services/engine/broker/volumemount.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

/// The folder at an absolute path, made where it is missing.
UniqueFd folderAt(std::string_view path)
{
    UniqueFd folder(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    while (folder && !path.empty()) {
        path.remove_prefix(1); // the slash
        const std::string name(path.substr(0, path.find('/')));
        path.remove_prefix(name.size());
        if (mkdirat(folder.get(), name.c_str(), 0755) != 0 && errno != EEXIST && errno != EROFS)
            return {};
        folder.reset(openat(folder.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    return folder;
}

} // namespace

const char *whyNoMountPath(std::string_view path)
{
    if (path.empty())
        return "path cannot be empty";
    if (path.front() != '/')
        return "path must be absolute";
    if (path.size() > 1024 || path.find('\0') != path.npos)
        return "path is too long";
    for (std::string_view rest = path.substr(1);;) {
        const std::string_view part = rest.substr(0, rest.find('/'));
        if ((part.empty() && path.size() > 1) || part == "." || part == "..")
            return "path must not contain any '.' or '..' components";
        if (part.size() == rest.size())
            break;
        rest.remove_prefix(part.size() + 1);
    }
    constexpr std::array<std::string_view, 10> kept{"/proc", "/dev",  "/sys",   "/usr", "/etc",
                                                    "/bin",  "/sbin", "/lib64", "/lib", "/opt/sandglass"};
    const bool isKept = std::ranges::any_of(kept, [path](std::string_view each) {
        return path.starts_with(each) && (path.size() == each.size() || path[each.size()] == '/');
    });
    return isKept || path == "/" || path == "/opt" ? "path belongs to the system of the sandbox" : nullptr;
}

const char *takeVolumes(const std::vector<VolumePlan> &plans, std::vector<UniqueFd> &mounts)
{
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    for (const VolumePlan &plan : plans) {
        const long tree = syscall(SYS_open_tree, AT_FDCWD, plan.source.c_str(),
                                  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
        if (tree < 0)
            return "take a volume";
        mounts.emplace_back(static_cast<int>(tree));
        if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
            return "restrict a volume";
    }
    return nullptr;
}

const char *placeVolumes(const std::vector<VolumePlan> &plans, const std::vector<UniqueFd> &mounts)
{
    for (std::size_t i = 0; i < plans.size(); ++i) {
        const UniqueFd folder = folderAt(plans[i].target);
        if (!folder)
            return "make the folder of a volume";
        if (syscall(SYS_move_mount, mounts[i].get(), "", folder.get(), "",
                    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
            != 0)
            return "mount a volume";
    }
    return nullptr;
}

} // namespace sandglass::engine
