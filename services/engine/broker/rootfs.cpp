#include "services/engine/broker/rootfs.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

constexpr unsigned long plain = MS_NOSUID | MS_NODEV;

bool mountAt(const char *type, const std::string &target, unsigned long flags, const std::string &options)
{
    return mount(type, target.c_str(), type, flags, options.c_str()) == 0;
}

bool bind(const std::string &source, const std::string &target)
{
    return mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
}

bool makeReadOnly(const std::string &target, std::uint64_t attribute = MOUNT_ATTR_NODEV)
{
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | attribute;
    return syscall(SYS_mount_setattr, AT_FDCWD, target.c_str(), AT_RECURSIVE, &attributes, sizeof attributes) == 0;
}

std::string memoryOptions(int megabytes, const char *mode)
{
    // Inodes cost kernel memory that "size" does not count.
    return std::string("mode=") + mode + ",size=" + std::to_string(megabytes)
        + "m,nr_inodes=" + std::to_string(std::max(4096, megabytes * 256));
}

std::string lowerOption(const RootPlan &plan)
{
    std::string lower;
    for (auto layer = plan.layers.rbegin(); layer != plan.layers.rend(); ++layer)
        lower += (lower.empty() ? "" : ":") + *layer;
    return "lowerdir=" + lower;
}

std::string overlayOptions(const RootPlan &plan)
{
    return lowerOption(plan) + ",upperdir=" + plan.directory + "/upper,workdir=" + plan.directory + "/work,userxattr";
}

const char *mountOverlay(const RootPlan &plan, const std::string &root)
{
    if (plan.mode == RootMode::OverlayInMemory
        && !mountAt("tmpfs", plan.directory, plain, memoryOptions(plan.diskMb, "0755")))
        return "mount tmpfs";
    for (const char *name : {"/upper", "/work", "/root"}) {
        if (mkdir((plan.directory + name).c_str(), 0755) != 0 && errno != EEXIST)
            return "make overlay directories";
    }
    return mountAt("overlay", root, plain, overlayOptions(plan)) ? nullptr : "mount overlay";
}

const char *mountReadOnly(const RootPlan &plan, const std::string &root)
{
    if (mkdir(root.c_str(), 0755) != 0 && errno != EEXIST)
        return "make root directory";
    if (plan.layers.size() != 1) {
        errno = ENOTSUP;
        return "stack layers without overlay";
    }
    if (!bind(plan.layers.front(), root) || !makeReadOnly(root))
        return "bind template";
    const int share = std::max(16, plan.diskMb / 3);
    if (!mountAt("tmpfs", root + "/home/user", plain, memoryOptions(share, "0755"))
        || !mountAt("tmpfs", root + "/tmp", plain, memoryOptions(share, "1777"))
        || !mountAt("tmpfs", root + "/run", plain, memoryOptions(share, "0755")))
        return "mount writable folders";
    return nullptr;
}

/// /usr of the host, without what was installed by hand on it: /usr/local is the sandbox's own.
const char *mountPrograms(const std::string &root)
{
    if (!bind("/usr", root + "/usr") || !makeReadOnly(root + "/usr"))
        return "bind /usr";
    return bind(root + "/opt/sandglass/local", root + "/usr/local") ? nullptr : "bind /usr/local";
}

const char *mountDeviceFiles(const std::string &dev)
{
    if (!mountAt("tmpfs", dev, MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k"))
        return "mount /dev";
    for (const char *name : {"null", "zero", "full", "random", "urandom", "tty"}) {
        const std::string target = dev + "/" + name;
        const int file = open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
        if (file < 0)
            return "make device";
        close(file);
        if (!bind(std::string("/dev/") + name, target))
            return "bind device";
    }
    return nullptr;
}

const char *mountDevices(const std::string &root, int sharedMemoryMb)
{
    const std::string dev = root + "/dev";
    if (const char *failed = mountDeviceFiles(dev))
        return failed;
    mkdir((dev + "/pts").c_str(), 0755);
    mkdir((dev + "/shm").c_str(), 01777);
    if (!mountAt("devpts", dev + "/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620"))
        return "mount /dev/pts";
    if (!mountAt("tmpfs", dev + "/shm", plain, memoryOptions(sharedMemoryMb, "1777")))
        return "mount /dev/shm";
    const std::array<std::array<const char *, 2>, 5> links{{{"pts/ptmx", "/ptmx"},
                                                            {"/proc/self/fd", "/fd"},
                                                            {"/proc/self/fd/0", "/stdin"},
                                                            {"/proc/self/fd/1", "/stdout"},
                                                            {"/proc/self/fd/2", "/stderr"}}};
    for (const auto &[target, name] : links) {
        if (symlink(target, (dev + name).c_str()) != 0)
            return "link devices";
    }
    return nullptr;
}

const char *pivot(const std::string &root)
{
    if (chdir(root.c_str()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0)
        return "pivot_root";
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return "detach the old root";
    return nullptr;
}

} // namespace

const char *enterRoot(const RootPlan &plan, UniqueFd &writableLayer)
{
    if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        return "separate mounts";
    const std::string root = plan.directory + "/root";
    const char *failed = plan.mode == RootMode::ReadOnly ? mountReadOnly(plan, root) : mountOverlay(plan, root);
    if (failed == nullptr && plan.mode != RootMode::ReadOnly) {
        writableLayer.reset(open((plan.directory + "/upper").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!writableLayer)
            failed = "open the writable layer";
    }
    if (failed == nullptr && !plan.hasOwnSystem)
        failed = mountPrograms(root);
    if (failed == nullptr && !mountAt("proc", root + "/proc", plain | MS_NOEXEC, ""))
        failed = "mount /proc";
    if (failed == nullptr)
        failed = mountDevices(root, plan.sharedMemoryMb);
    std::vector<UniqueFd> volumes;
    if (failed == nullptr)
        failed = takeVolumes(plan.volumes, volumes);
    if (failed == nullptr)
        failed = pivot(root);
    return failed == nullptr ? placeVolumes(plan.volumes, volumes) : failed;
}

const char *enterTemplate(const RootPlan &plan)
{
    if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        return "separate mounts";
    const std::string root = plan.directory + "/root";
    if (mkdir(root.c_str(), 0755) != 0 && errno != EEXIST)
        return "make root directory";
    // One layer alone makes no overlay; several do without an upper one.
    const bool mounted = plan.layers.size() == 1 ? bind(plan.layers.front(), root)
                                                 : mountAt("overlay", root, plain, lowerOption(plan) + ",userxattr");
    if (!mounted || !makeReadOnly(root))
        return "mount the template";
    if (const char *failed = mountPrograms(root))
        return failed;
    if (const char *failed = mountDeviceFiles(root + "/dev"))
        return failed;
    if (!makeReadOnly(root + "/dev", MOUNT_ATTR_NOEXEC) || !makeReadOnly(root + "/usr/local"))
        return "make the template read-only";
    if (!mountAt("tmpfs", root + "/tmp", plain | MS_NOEXEC, "mode=1777,size=64m"))
        return "mount /tmp";
    return pivot(root);
}

bool canReplaceLowerDirectory()
{
    constexpr const char *directory = "/srv"; // part of the base layer, always empty
    return rmdir(directory) == 0 && mkdir(directory, 0755) == 0;
}

} // namespace sandglass::engine
