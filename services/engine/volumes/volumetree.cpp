#include "services/engine/volumes/volumetree.h"

#include "services/core/ids.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

using Kind = Error::Kind;
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

/// `fd` was opened with O_PATH | O_NOFOLLOW.
Result<VolumeEntry> entryOf(int fd, const std::string &path)
{
    auto entry = readVolumeEntry(fd, path);
    return entry ? Result<VolumeEntry>(std::move(*entry)) : because(errno, path);
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
    volumewalk::list(entries, std::move(folder), joined(*parts),
                     std::clamp<std::uint32_t>(depth, 1, volumewalk::kDeepest), kMostEntries);
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
                const UniqueFd made(openat(parent.get(), name.c_str(), volumewalk::kFolder));
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
    UniqueFd folder = volumewalk::openToRemove(parent.get(), name);
    if (!folder)
        return because(errno, path);
    if (!volumewalk::removeAll(std::move(folder)) || unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0)
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
    volumewalk::addUp(use, UniqueFd(openat(m_root.get(), ".", volumewalk::kFolder)), kMostEntries);
    return use;
}

} // namespace sandglass::engine
