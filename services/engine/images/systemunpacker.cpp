#include "services/engine/images/systemunpacker.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandglass::engine {

namespace {

/// No symbolic link is followed, not even one that stays inside: an archive that was made from a folder needs none.
int openStrictly(int root, const std::string &path)
{
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    return static_cast<int>(syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how));
}

std::array<timespec, 2> timesOf(std::int64_t modified)
{
    return {timespec{modified, 0}, timespec{modified, 0}};
}

} // namespace

bool SystemUnpacker::cannot(const char *what, const std::string &path)
{
    if (errno == ELOOP)
        return fail("'" + path + "' goes through a symbolic link of the archive");
    if (errno == ENOSPC || errno == EDQUOT)
        return fail("there is no space left on this machine's disk");
    return fail("cannot " + std::string(what) + " '" + path + "': " + std::strerror(errno));
}

bool SystemUnpacker::finish()
{
    return TarReader::finish() && closeFile();
}

int SystemUnpacker::openFolder(std::string_view path)
{
    if (m_parent && path == m_parentPath)
        return m_parent.get();
    const std::string wanted(path);
    UniqueFd folder(openStrictly(m_root, wanted));
    if (!folder && errno == ENOENT) {
        const auto slash = wanted.rfind('/');
        const std::string above = slash == wanted.npos ? std::string() : wanted.substr(0, slash);
        const std::string name = wanted.substr(slash == wanted.npos ? 0 : slash + 1);
        const int parent = openFolder(above); // no deeper than a path may be
        if (parent < 0)
            return -1;
        if (mkdirat(parent, name.c_str(), 0755) != 0 || !own(parent, name.c_str(), 0)) {
            cannot("make", wanted);
            return -1;
        }
        folder.reset(openStrictly(m_root, wanted));
    }
    if (!folder) {
        cannot("open", wanted);
        return -1;
    }
    m_parent = std::move(folder);
    m_parentPath = wanted;
    return m_parent.get();
}

bool SystemUnpacker::entry(const TarEntry &found)
{
    if (!closeFile())
        return false;
    const auto path = inside(found.name);
    if (!path)
        return false;
    if (path->empty()) // the folder itself
        return true;
    if (path->find('\0') != path->npos || found.link.find('\0') != found.link.npos)
        return fail("a name in the archive holds a zero byte");
    const bool isDevice = found.type == '3' || found.type == '4';
    if (isDevice && path->starts_with("dev/"))
        return true;
    if (isDevice)
        return fail("'" + *path + "' is a device");
    const auto slash = path->rfind('/');
    const int parent = openFolder(slash == path->npos ? std::string_view() : std::string_view(*path).substr(0, slash));
    return parent >= 0 && place(found, *path, parent, path->c_str() + (slash == path->npos ? 0 : slash + 1));
}

bool SystemUnpacker::place(const TarEntry &found, const std::string &path, int parent, const char *name)
{
    // What comes twice holds as it came last; a folder stays what it is.
    if (found.type != '5' && unlinkat(parent, name, 0) != 0 && errno != ENOENT)
        return cannot("replace", path);
    switch (found.type) {
    case '0':
    case '\0':
    case '7':
        return makeFile(found, path, parent, name);
    case '1':
        return makeHardLink(found.link, path, parent, name);
    case '2':
        return (symlinkat(found.link.c_str(), parent, name) == 0 && own(parent, name, found.modified))
            || cannot("make", path);
    case '5':
        return makeFolder(found, parent, name) || cannot("make", path);
    case '6':
        return (mkfifoat(parent, name, (found.mode & 0777U) | 0600U) == 0 && own(parent, name, found.modified))
            || cannot("make", path);
    default:
        return fail("'" + path + "' is of a kind that is not unpacked");
    }
}

bool SystemUnpacker::makeFolder(const TarEntry &found, int parent, const char *name)
{
    struct stat status
    {};
    if (mkdirat(parent, name, 0700) != 0) {
        if (errno != EEXIST || fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            return false;
        if (!S_ISDIR(status.st_mode) && (unlinkat(parent, name, 0) != 0 || mkdirat(parent, name, 0700) != 0))
            return false;
    }
    const mode_t mode = (found.mode & 01777U) | 0700U; // root in a sandbox has no right beyond its owner's
    return fchmodat(parent, name, mode, 0) == 0 && own(parent, name, found.modified);
}

bool SystemUnpacker::makeFile(const TarEntry &found, const std::string &path, int parent, const char *name)
{
    m_file.reset(openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!m_file)
        return cannot("make", path);
    m_filePath = path;
    m_fileMode = (found.mode & 0777U) | 0600U;
    m_fileTime = found.modified;
    return true;
}

bool SystemUnpacker::makeHardLink(const std::string &link, const std::string &path, int parent, const char *name)
{
    const auto target = inside(link);
    if (!target || target->empty())
        return fail("'" + path + "' is a link out of the archive");
    const auto slash = target->rfind('/');
    const UniqueFd folder(openStrictly(m_root, slash == target->npos ? std::string() : target->substr(0, slash)));
    const char *last = target->c_str() + (slash == target->npos ? 0 : slash + 1);
    if (folder && linkat(folder.get(), last, parent, name, 0) == 0)
        return true;
    if (errno == ENOENT)
        return fail("'" + path + "' is a link to '" + *target + "', which the archive does not hold before it");
    return cannot("link", path);
}

bool SystemUnpacker::own(int parent, const char *name, std::int64_t modified)
{
    const auto times = timesOf(modified);
    return (!m_owner || fchownat(parent, name, *m_owner, *m_owner, AT_SYMLINK_NOFOLLOW) == 0)
        && utimensat(parent, name, times.data(), AT_SYMLINK_NOFOLLOW) == 0;
}

bool SystemUnpacker::content(std::string_view piece)
{
    while (m_file && !piece.empty()) {
        const ssize_t written = write(m_file.get(), piece.data(), piece.size());
        if (written < 0 && errno != EINTR)
            return cannot("write", m_filePath);
        piece.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
        m_bytes += std::max<ssize_t>(written, 0);
    }
    return true;
}

bool SystemUnpacker::closeFile()
{
    if (!m_file)
        return true;
    const auto times = timesOf(m_fileTime);
    const bool isDone = (!m_owner || fchown(m_file.get(), *m_owner, *m_owner) == 0)
        && fchmod(m_file.get(), m_fileMode) == 0 && futimens(m_file.get(), times.data()) == 0;
    m_file.reset();
    return isDone || cannot("finish", m_filePath);
}

} // namespace sandglass::engine
