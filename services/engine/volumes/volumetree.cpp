#include "services/engine/volumes/volumetree.h"

#include "services/core/ids.h"
#include "services/engine/broker/names.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

using Kind = Error::Kind;
constexpr int kDeepest = 128;              ///< folders within folders that are gone into
constexpr std::uint32_t kModeBits = 01777; ///< programs that change their user have no place in a volume

tl::unexpected<Error> fault(int status, const char *code, std::string message)
{
    return failure(Kind::Service, std::move(message), status, code);
}

tl::unexpected<Error> because(int error, std::string_view path)
{
    const std::string where = "path '" + std::string(path) + "' ";
    switch (error) {
    case ENOENT:
        return fault(404, "not_found", where + "not found");
    case ENOTDIR:
        return fault(400, "invalid_argument", where + "does not lead through folders");
    case EISDIR:
        return fault(400, "invalid_argument", where + "is a directory");
    case EEXIST:
    case ENOTEMPTY:
        return fault(409, "already_exists", where + "exists already");
    case EXDEV:
    case ELOOP:
        return fault(403, "permission_denied", where + "leads out of the volume");
    case EACCES:
    case EPERM:
        return fault(403, "permission_denied", where + "may not be used: " + std::strerror(error));
    case ENOSPC:
    case EDQUOT:
        return fault(507, "not_enough_space", "there is no space left on this machine's disk");
    default:
        return fault(500, "internal", where + std::strerror(error));
    }
}

/// "/a//b/" as {"a", "b"}.
Result<std::vector<std::string>> partsOf(std::string_view path)
{
    if (path.empty() || path.size() > 4096 || path.find('\0') != path.npos)
        return fault(400, "invalid_argument", "path has to be a text of 1 to 4096 bytes");
    std::vector<std::string> parts;
    while (!path.empty()) {
        const std::string_view part = path.substr(0, path.find('/'));
        if (part == "..")
            return fault(400, "invalid_argument", "path must not contain '..'");
        if (!part.empty() && part != ".")
            parts.emplace_back(part);
        path.remove_prefix(std::min(part.size() + 1, path.size()));
    }
    return parts;
}

std::string joined(const std::vector<std::string> &parts, const char *prefix = "/")
{
    std::string path = parts.empty() ? prefix : "";
    for (const std::string &part : parts)
        path += (path.empty() ? prefix : "/") + part;
    return path;
}

/// Symbolic links on the way are followed as long as they stay in the volume.
UniqueFd openBeneath(int root, const std::string &path, int flags)
{
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    for (int tries = 0; tries < 16; ++tries) { // EAGAIN: something was renamed meanwhile
        UniqueFd fd(static_cast<int>(syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how)));
        if (fd || errno != EAGAIN)
            return fd;
    }
    return {};
}

VolumeEntry entryFrom(const struct stat &status, std::string path)
{
    VolumeEntry entry;
    entry.name = path == "/" ? path : path.substr(path.rfind('/') + 1);
    entry.path = std::move(path);
    entry.type = S_ISREG(status.st_mode) ? VolumeEntry::Type::File
        : S_ISDIR(status.st_mode)        ? VolumeEntry::Type::Directory
        : S_ISLNK(status.st_mode)        ? VolumeEntry::Type::Symlink
                                         : VolumeEntry::Type::Unknown;
    entry.size = status.st_size;
    entry.mode = status.st_mode & 07777U;
    entry.uid = status.st_uid == volumeOwner() ? insideId : status.st_uid;
    entry.gid = entry.uid;
    const auto ns = [](const timespec &time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
    entry.accessedNs = ns(status.st_atim);
    entry.modifiedNs = ns(status.st_mtim);
    entry.changedNs = ns(status.st_ctim);
    return entry;
}

/// `fd` was opened with O_PATH | O_NOFOLLOW.
Result<VolumeEntry> entryOf(int fd, std::string path)
{
    struct stat status
    {};
    if (fstat(fd, &status) != 0)
        return because(errno, path);
    VolumeEntry entry = entryFrom(status, std::move(path));
    if (entry.type == VolumeEntry::Type::Symlink) {
        std::array<char, 4096> target{};
        const ssize_t size = readlinkat(fd, "", target.data(), target.size());
        entry.target = std::string(target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
    return entry;
}

struct CloseDirectory
{
    void operator()(DIR *directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Directory directoryFrom(UniqueFd fd)
{
    Directory directory(fd ? fdopendir(fd.get()) : nullptr);
    if (directory)
        (void)fd.release();
    return directory;
}

/// The names in a folder, sorted; `most` at the most.
std::vector<std::string> namesIn(DIR *directory, std::int64_t most)
{
    std::vector<std::string> names;
    for (const dirent *each = readdir(directory); each != nullptr && std::ssize(names) < most;
         each = readdir(directory)) {
        const std::string_view name = each->d_name;
        if (name != "." && name != "..")
            names.emplace_back(name);
    }
    std::ranges::sort(names);
    return names;
}

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

void listInto(std::vector<VolumeEntry> &entries, UniqueFd folder, const std::string &path, std::uint32_t depth)
{
    const Directory directory = directoryFrom(std::move(folder));
    if (!directory)
        return; // gone meanwhile, or closed to its owner
    const int fd = dirfd(directory.get());
    for (const std::string &name : namesIn(directory.get(), VolumeTree::kMostEntries - std::ssize(entries))) {
        const UniqueFd each(openat(fd, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        auto entry = each ? entryOf(each.get(), (path == "/" ? path : path + "/") + name) : because(errno, name);
        if (!entry)
            continue;
        const bool goesOn = entry->type == VolumeEntry::Type::Directory && depth > 1;
        const std::string below = entry->path;
        entries.push_back(std::move(*entry));
        if (goesOn)
            listInto(entries, UniqueFd(openat(fd, name.c_str(), kFolder)), below, depth - 1);
    }
}

/// A folder, also one that its owner has closed to himself.
UniqueFd openToRemove(int parent, const std::string &name)
{
    UniqueFd folder(openat(parent, name.c_str(), kFolder));
    if (!folder && errno == EACCES && fchmodat(parent, name.c_str(), 0700, 0) == 0)
        folder.reset(openat(parent, name.c_str(), kFolder));
    return folder;
}

/// Everything in the folder goes. False when something is left.
bool removeBelow(UniqueFd folder, int depth)
{
    constexpr std::int64_t kBatch = 10'000;
    const Directory directory = directoryFrom(std::move(folder));
    if (!directory || depth > kDeepest)
        return false;
    const int fd = dirfd(directory.get());
    fchmod(fd, 0700);
    for (;;) {
        rewinddir(directory.get());
        const auto names = namesIn(directory.get(), kBatch);
        bool all = true;
        for (const std::string &name : names) {
            if (unlinkat(fd, name.c_str(), 0) == 0 || errno == ENOENT)
                continue;
            UniqueFd below = openToRemove(fd, name);
            all = removeBelow(std::move(below), depth + 1) && unlinkat(fd, name.c_str(), AT_REMOVEDIR) == 0 && all;
        }
        if (names.empty() || !all)
            return all;
    }
}

void addUp(VolumeUse &use, UniqueFd folder, int depth)
{
    const Directory directory = directoryFrom(std::move(folder));
    if (!directory || depth > kDeepest)
        return;
    const int fd = dirfd(directory.get());
    for (const std::string &name : namesIn(directory.get(), VolumeTree::kMostEntries)) {
        struct stat status
        {};
        if (use.entries >= VolumeTree::kMostEntries || fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        ++use.entries;
        use.bytes += std::int64_t{status.st_blocks} * 512;
        if (S_ISDIR(status.st_mode))
            addUp(use, UniqueFd(openat(fd, name.c_str(), kFolder)), depth + 1);
    }
}

bool copyAll(int from, int to)
{
    if (lseek(from, 0, SEEK_SET) < 0)
        return false;
    for (;;) {
        const ssize_t count = sendfile(to, from, nullptr, 1U << 20);
        if (count == 0)
            return true;
        if (count < 0 && errno != EINTR)
            return false;
    }
}

bool giveToOwner(int fd)
{
    return geteuid() != 0 || fchown(fd, volumeOwner(), volumeOwner()) == 0;
}

} // namespace

uid_t volumeOwner()
{
    return geteuid() == 0 ? unprivilegedId : geteuid();
}

Json volumeEntryJson(const VolumeEntry &entry)
{
    constexpr std::array types{"unknown", "file", "directory", "symlink"};
    const auto time = [](std::int64_t ns) { return formatRfc3339(fromUnixNs(ns), 9); };
    Json json{{"name", entry.name},
              {"type", types[static_cast<std::size_t>(entry.type)]},
              {"path", entry.path},
              {"size", entry.size},
              {"mode", entry.mode},
              {"uid", entry.uid},
              {"gid", entry.gid},
              {"atime", time(entry.accessedNs)},
              {"mtime", time(entry.modifiedNs)},
              {"ctime", time(entry.changedNs)}};
    if (entry.target)
        json["target"] = *entry.target;
    return json;
}

Result<VolumeTree> VolumeTree::open(const std::string &directory)
{
    UniqueFd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!root)
        return fault(500, "internal", std::string("the volume's folder cannot be opened: ") + std::strerror(errno));
    return VolumeTree(std::move(root));
}

Result<VolumeEntry> VolumeTree::stat(std::string_view path) const
{
    const auto parts = partsOf(path);
    if (!parts)
        return failure(parts.error());
    const UniqueFd fd = openBeneath(m_root.get(), joined(*parts, ""), O_PATH | O_NOFOLLOW);
    return fd ? entryOf(fd.get(), joined(*parts)) : because(errno, path);
}

Result<std::vector<VolumeEntry>> VolumeTree::list(std::string_view path, std::uint32_t depth) const
{
    const auto parts = partsOf(path);
    if (!parts)
        return failure(parts.error());
    UniqueFd folder = openBeneath(m_root.get(), joined(*parts, ""), O_RDONLY | O_DIRECTORY);
    if (!folder)
        return because(errno, path);
    std::vector<VolumeEntry> entries;
    listInto(entries, std::move(folder), joined(*parts), std::clamp<std::uint32_t>(depth, 1, kDeepest));
    return entries;
}

Result<VolumeEntry> VolumeTree::makeDirectory(std::string_view path, std::uint32_t mode, bool parents) const
{
    const auto parts = partsOf(path);
    if (!parts)
        return failure(parts.error());
    if (parts->empty())
        return parents ? stat(path) : because(EEXIST, path);
    std::string sofar;
    for (std::size_t i = 0; i < parts->size(); ++i) {
        const bool isLast = i + 1 == parts->size();
        const UniqueFd parent = openBeneath(m_root.get(), sofar, O_PATH | O_DIRECTORY);
        if (!parent)
            return because(errno, path);
        const std::string &name = (*parts)[i];
        if (isLast || parents) {
            if (mkdirat(parent.get(), name.c_str(), 0700) == 0) {
                const UniqueFd made(openat(parent.get(), name.c_str(), kFolder));
                if (!made || !giveToOwner(made.get()) || fchmod(made.get(), (isLast ? mode : 0755U) & kModeBits) != 0)
                    return because(errno, path);
            } else if (errno != EEXIST || (isLast && !parents)) {
                return because(errno, path);
            }
        }
        sofar += (sofar.empty() ? "" : "/") + name;
    }
    auto made = stat(path);
    if (made && made->type == VolumeEntry::Type::File)
        return because(EEXIST, path);
    return made;
}

Result<VolumeEntry> VolumeTree::setMode(std::string_view path, std::uint32_t mode) const
{
    const auto parts = partsOf(path);
    if (!parts)
        return failure(parts.error());
    const UniqueFd fd = openBeneath(m_root.get(), joined(*parts, ""), O_PATH | O_NOFOLLOW);
    if (!fd)
        return because(errno, path);
    auto entry = entryOf(fd.get(), joined(*parts));
    if (!entry)
        return entry;
    if (entry->type == VolumeEntry::Type::Symlink)
        return fault(400, "invalid_argument", "path '" + entry->path + "' is a symbolic link: it has no mode");
    if (chmod(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), mode & kModeBits) != 0)
        return because(errno, path);
    return entryOf(fd.get(), joined(*parts));
}

Result<> VolumeTree::remove(std::string_view path) const
{
    auto parts = partsOf(path);
    if (!parts)
        return failure(parts.error());
    if (parts->empty())
        return fault(400, "invalid_argument", "the volume itself cannot be removed here");
    const std::string name = parts->back();
    parts->pop_back();
    const UniqueFd parent = openBeneath(m_root.get(), joined(*parts, ""), O_PATH | O_DIRECTORY);
    if (!parent)
        return because(errno, path);
    if (unlinkat(parent.get(), name.c_str(), 0) == 0)
        return {};
    if (errno != EISDIR)
        return because(errno, path);
    UniqueFd folder = openToRemove(parent.get(), name);
    if (!folder)
        return because(errno, path);
    if (!removeBelow(std::move(folder), 0) || unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0)
        return fault(500, "internal", "not all of '" + std::string(path) + "' could be removed");
    return {};
}

Result<UniqueFd> VolumeTree::openFile(std::string_view path) const
{
    const auto parts = partsOf(path);
    if (!parts)
        return failure(parts.error());
    // A pipe would wait for somebody who writes.
    UniqueFd fd = openBeneath(m_root.get(), joined(*parts, ""), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status
    {};
    if (!fd || fstat(fd.get(), &status) != 0)
        return because(errno, path);
    if (S_ISDIR(status.st_mode))
        return because(EISDIR, path);
    if (!S_ISREG(status.st_mode))
        return fault(400, "invalid_argument", "path '" + std::string(path) + "' is no file");
    return fd;
}

Result<VolumeEntry> VolumeTree::store(std::string_view path, int source, std::uint32_t mode, bool overwrite) const
{
    auto parts = partsOf(path);
    if (!parts || parts->empty())
        return parts ? because(EISDIR, path) : failure(parts.error());
    const std::string name = parts->back();
    parts->pop_back();
    const UniqueFd parent = openBeneath(m_root.get(), joined(*parts, ""), O_PATH | O_DIRECTORY);
    if (!parent)
        return because(errno, path);
    const UniqueFd file(openat(parent.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)); // no half of one is ever seen
    if (!file || !copyAll(source, file.get()) || !giveToOwner(file.get()) || fchmod(file.get(), mode & kModeBits) != 0
        || fsync(file.get()) != 0)
        return because(errno, path);
    const std::string self = "/proc/self/fd/" + std::to_string(file.get());
    const auto link = [&](const std::string &as) {
        return linkat(AT_FDCWD, self.c_str(), parent.get(), as.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (!link(name)) {
        if (errno != EEXIST || !overwrite)
            return because(errno, path);
        const std::string beside = ".upload-" + newHexToken(8); // a link does not replace, a rename does
        if (!link(beside))
            return because(errno, path);
        if (renameat(parent.get(), beside.c_str(), parent.get(), name.c_str()) != 0) {
            const int error = errno;
            unlinkat(parent.get(), beside.c_str(), 0);
            return because(error, path);
        }
    }
    parts->push_back(name);
    const UniqueFd again(openat(parent.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    return again ? entryOf(again.get(), joined(*parts)) : because(errno, path);
}

VolumeUse VolumeTree::use() const
{
    VolumeUse use;
    addUp(use, UniqueFd(openat(m_root.get(), ".", kFolder)), 0);
    return use;
}

} // namespace sandglass::engine
