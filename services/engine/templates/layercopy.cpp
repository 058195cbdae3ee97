#include "services/engine/templates/layercopy.h"

#include "services/core/uniquefd.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <memory>
#include <string_view>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sandglass::engine {
namespace {

constexpr std::string_view overlayPrefix = "user.overlay.", opaqueName = "user.overlay.opaque";
constexpr std::size_t piece = 1U << 20; // between two looks at whether to go on

struct CloseDirectory
{
    void operator()(DIR *directory) const { closedir(directory); }
};

/// Of the folders from the top to the one at hand, for messages.
using Path = std::vector<std::string>;

class Copy final
{
public:
    Copy(LayerLimits limits, const std::atomic<bool> &isCancelled, UniqueFd top)
        : m_limits(limits), m_isCancelled(isCancelled), m_top(std::move(top)), m_keepsOwners(geteuid() == 0)
    {}

    /// What is in the open folder `from`, and then the folder's own attributes.
    Result<> folder(UniqueFd from, int to);
    [[nodiscard]] const LayerSize &size() const { return m_size; }

private:
    Result<> entry(int from, int to, const char *name);
    Result<> subfolder(int from, int to, const char *name, const struct stat &status);
    Result<> file(int from, int to, const char *name, const struct stat &status);
    Result<> link(int from, int to, const char *name, const struct stat &status);
    Result<> special(int to, const char *name, const struct stat &status);
    Result<> content(int from, int to, std::int64_t length);
    Result<> attributes(int from, int to, const struct stat &status);
    [[nodiscard]] bool extended(int from, int to);
    [[nodiscard]] bool ownerAndTimes(int to, const char *name, const struct stat &status) const;
    UniqueFd openReadable(int from, const char *name, int flags, const struct stat &status);
    [[nodiscard]] tl::unexpected<Error> cannot(const char *what, const char *name) const;
    [[nodiscard]] std::string pathOf(const char *name) const;

    const LayerLimits m_limits;
    const std::atomic<bool> &m_isCancelled;
    const UniqueFd m_top; ///< of the copy
    const bool m_keepsOwners;
    LayerSize m_size;
    Path m_path;
    std::map<std::pair<dev_t, ino_t>, std::string> m_linked; ///< where the first name of a file with several went
};

std::string Copy::pathOf(const char *name) const
{
    std::string path;
    for (const std::string &folder : m_path)
        path += folder + "/";
    return path + name;
}

tl::unexpected<Error> Copy::cannot(const char *what, const char *name) const
{
    const int code = errno;
    const bool isFull = code == ENOSPC || code == EDQUOT;
    return failure(Error::Kind::Local, fmt::format("cannot {} /{}: {}", what, pathOf(name), std::strerror(code)), 0,
                   isFull ? "resource_exhausted" : "internal");
}

Result<> Copy::folder(UniqueFd from, int to)
{
    struct stat status
    {};
    if (fstat(from.get(), &status) != 0)
        return cannot("look at", "");
    const std::unique_ptr<DIR, CloseDirectory> directory(fdopendir(dup(from.get())));
    if (!directory)
        return cannot("read", "");
    for (;;) {
        errno = 0;
        const dirent *found = readdir(directory.get());
        if (found == nullptr)
            break;
        const std::string_view name = found->d_name;
        if (name == "." || name == "..")
            continue;
        if (auto done = entry(from.get(), to, found->d_name); !done)
            return done;
    }
    if (errno != 0)
        return cannot("read", "");
    return attributes(from.get(), to, status); // last: writing into it changes its time
}

Result<> Copy::entry(int from, int to, const char *name)
{
    if (m_isCancelled)
        return failure(Error::Kind::Cancelled, "cancelled", 0, "canceled");
    if (++m_size.entries > m_limits.entries)
        return failure(Error::Kind::Local, fmt::format("there are more than {} files", m_limits.entries), 0,
                       "resource_exhausted");
    struct stat status
    {};
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return cannot("look at", name);
    switch (status.st_mode & S_IFMT) {
    case S_IFDIR:
        return subfolder(from, to, name, status);
    case S_IFREG:
        return file(from, to, name, status);
    case S_IFLNK:
        return link(from, to, name, status);
    default:
        return special(to, name, status);
    }
}

Result<> Copy::subfolder(int from, int to, const char *name, const struct stat &status)
{
    if (static_cast<int>(m_path.size()) >= m_limits.depth)
        return failure(Error::Kind::Local, fmt::format("folders are nested deeper than {}", m_limits.depth), 0,
                       "resource_exhausted");
    UniqueFd source = openReadable(from, name, O_RDONLY | O_DIRECTORY, status);
    if (!source)
        return cannot("open", name);
    if (mkdirat(to, name, 0700) != 0)
        return cannot("make", name);
    const UniqueFd target(openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!target)
        return cannot("open the copy of", name);
    m_path.emplace_back(name);
    auto done = folder(std::move(source), target.get());
    m_path.pop_back();
    return done;
}

Result<> Copy::file(int from, int to, const char *name, const struct stat &status)
{
    if (status.st_nlink > 1) {
        const auto [place, isFirst] = m_linked.try_emplace({status.st_dev, status.st_ino}, pathOf(name));
        if (!isFirst && linkat(m_top.get(), place->second.c_str(), to, name, 0) == 0)
            return {}; // else a folder on the way there is closed, and it becomes a file of its own
    }
    const UniqueFd source = openReadable(from, name, O_RDONLY | O_NONBLOCK, status);
    if (!source)
        return cannot("open", name);
    const UniqueFd target(openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!target)
        return cannot("make", name);
    if (auto copied = content(source.get(), target.get(), status.st_size); !copied)
        return copied.error().code == "errno" ? Result<>(cannot("copy", name)) : copied;
    return attributes(source.get(), target.get(), status);
}

/// Error code "errno": the system's, for the caller to name the file.
Result<> Copy::content(int from, int to, std::int64_t length)
{
    const auto failed = [] { return failure(Error::Kind::Local, {}, 0, "errno"); };
    if (ftruncate(to, length) != 0)
        return failed();
    for (off_t at = 0; at < length;) {
        const off_t begin = lseek(from, at, SEEK_DATA);
        if (begin < 0 && errno == ENXIO)
            break; // a hole up to the end
        off_t end = begin < 0 ? -1 : lseek(from, begin, SEEK_HOLE);
        if (end < 0)
            return failed();
        if (lseek(to, begin, SEEK_SET) < 0)
            return failed();
        for (at = begin; at < end;) {
            if (m_isCancelled)
                return failure(Error::Kind::Cancelled, "cancelled", 0, "canceled");
            off_t readAt = at; // not copy_file_range: it refuses two kinds of file system
            const ssize_t count =
                sendfile(to, from, &readAt, std::min<std::size_t>(piece, static_cast<std::size_t>(end - at)));
            if (count < 0)
                return failed();
            if (count == 0)
                return {}; // shorter than it was
            at += count;
            m_size.bytes += count;
            if (m_size.bytes > m_limits.bytes)
                return failure(Error::Kind::Local, fmt::format("there are more than {} MiB", m_limits.bytes >> 20), 0,
                               "resource_exhausted");
        }
    }
    return {};
}

Result<> Copy::link(int from, int to, const char *name, const struct stat &status)
{
    std::array<char, 4096> target{};
    const ssize_t length = readlinkat(from, name, target.data(), target.size() - 1);
    if (length < 0 || symlinkat(target.data(), to, name) != 0)
        return cannot("copy", name);
    return ownerAndTimes(to, name, status) ? Result<>() : cannot("copy the attributes of", name);
}

Result<> Copy::special(int to, const char *name, const struct stat &status)
{
    const bool isWhiteout = S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
    if (!isWhiteout && !S_ISFIFO(status.st_mode))
        return {}; // a socket is of no use without the process that listened on it
    const mode_t mode = isWhiteout ? mode_t{S_IFCHR} : mode_t{S_IFIFO | (status.st_mode & 0777U)};
    if (mknodat(to, name, mode, status.st_rdev) != 0)
        return cannot("make", name);
    return ownerAndTimes(to, name, status) ? Result<>() : cannot("copy the attributes of", name);
}

/// Also what its owner has closed to himself. Kept as it was: the sandbox lives on.
UniqueFd Copy::openReadable(int from, const char *name, int flags, const struct stat &status)
{
    const int all = flags | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd fd(openat(from, name, all));
    if (fd || errno != EACCES)
        return fd;
    if (fchmodat(from, name, (status.st_mode & 07777U) | S_IRUSR | S_IXUSR, 0) != 0)
        return fd;
    fd.reset(openat(from, name, all));
    const int code = errno;
    (void)fchmodat(from, name, status.st_mode & 07777U, 0);
    errno = code;
    return fd;
}

bool Copy::ownerAndTimes(int to, const char *name, const struct stat &status) const
{
    const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
    return (!m_keepsOwners || fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) == 0)
        && utimensat(to, name, times.data(), AT_SYMLINK_NOFOLLOW) == 0;
}

Result<> Copy::attributes(int from, int to, const struct stat &status)
{
    const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
    if ((m_keepsOwners && fchown(to, status.st_uid, status.st_gid) != 0) || !extended(from, to)
        || fchmod(to, status.st_mode & 07777U) != 0 || futimens(to, times.data()) != 0)
        return cannot("copy the attributes of", "");
    return {};
}

/// Of the overlay's own marks only "opaque" holds for a layer; the others tell where a file came from.
bool Copy::extended(int from, int to)
{
    std::array<char, 65'536> names;
    const ssize_t length = flistxattr(from, names.data(), names.size());
    if (length < 0)
        return errno == ENOTSUP;
    std::string_view rest(names.data(), static_cast<std::size_t>(length));
    std::vector<char> value(65'536);
    while (!rest.empty()) {
        const std::string name(rest.substr(0, rest.find('\0')));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        if (!name.starts_with("user.") || (name.starts_with(overlayPrefix) && name != opaqueName))
            continue;
        const ssize_t size = fgetxattr(from, name.c_str(), value.data(), value.size());
        if (size < 0 || fsetxattr(to, name.c_str(), value.data(), static_cast<std::size_t>(size), 0) != 0)
            return false;
    }
    return true;
}

} // namespace

Result<LayerSize> copyLayer(int upperFd, const std::string &target, const LayerLimits &limits,
                            const std::atomic<bool> &isCancelled)
{
    const auto failed = [&target](const char *what) {
        return failure(Error::Kind::Local, fmt::format("cannot {} {}: {}", what, target, std::strerror(errno)), 0,
                       errno == ENOSPC ? "resource_exhausted" : "internal");
    };
    if (mkdir(target.c_str(), 0700) != 0)
        return failed("make");
    UniqueFd top(open(target.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    UniqueFd source(openat(upperFd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!top || !source)
        return failed("open");
    const int to = top.get();
    Copy copy(limits, isCancelled, std::move(top));
    if (auto done = copy.folder(std::move(source), to); !done)
        return failure(std::move(done.error()));
    if (syncfs(to) != 0)
        return failed("write");
    return copy.size();
}

} // namespace sandglass::engine
