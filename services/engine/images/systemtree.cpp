#include "services/engine/images/systemtree.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandglass::engine {

namespace {

constexpr std::int64_t kMostRead = 1 << 20;

struct Split
{
    std::string above, name;
};

Split split(const std::string &path)
{
    const auto slash = path.rfind('/');
    return slash == path.npos ? Split{{}, path} : Split{path.substr(0, slash), path.substr(slash + 1)};
}

tl::unexpected<Error> cannot(const char *what, const std::string &path)
{
    return failure(Error::Kind::Local,
                   "cannot " + std::string(what) + " /" + path + " of the image: " + std::strerror(errno));
}

bool writeAll(int file, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno != EINTR)
            return false;
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    return true;
}

} // namespace

UniqueFd SystemTree::open(const std::string &path, int flags) const
{
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    const char *name = path.empty() ? "." : path.c_str();
    return UniqueFd(static_cast<int>(syscall(SYS_openat2, m_top.get(), name, &how, sizeof how)));
}

bool SystemTree::own(int parent, const char *name) const
{
    return !m_owner || fchownat(parent, name, *m_owner, *m_owner, AT_SYMLINK_NOFOLLOW) == 0;
}

bool SystemTree::has(const std::string &path) const
{
    return static_cast<bool>(open(path, O_PATH));
}

bool SystemTree::hasProgram(const std::string &path) const
{
    struct stat status
    {};
    const UniqueFd file = open(path, O_PATH);
    return file && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & S_IXUSR) != 0;
}

std::optional<std::string> SystemTree::read(const std::string &path) const
{
    const UniqueFd file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY); // it may be a pipe without a writer
    struct stat status
    {};
    if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kMostRead)
        return std::nullopt;
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    const ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
    if (count < 0)
        return std::nullopt;
    text.resize(static_cast<std::size_t>(count));
    return text;
}

Result<> SystemTree::makeFolder(const std::string &path, mode_t mode) const
{
    if (open(path, O_PATH | O_DIRECTORY))
        return {};
    const Split parts = split(path);
    if (errno != ENOENT || parts.name.empty())
        return cannot("open", path);
    if (auto made = makeFolder(parts.above); !made)
        return made;
    const UniqueFd above = open(parts.above, O_PATH | O_DIRECTORY);
    if (!above || mkdirat(above.get(), parts.name.c_str(), mode) != 0
        || fchmodat(above.get(), parts.name.c_str(), mode, 0) != 0 || !own(above.get(), parts.name.c_str()))
        return cannot("make", path);
    return {};
}

Result<> SystemTree::write(const std::string &path, std::string_view text, mode_t mode) const
{
    const Split parts = split(path);
    if (auto made = makeFolder(parts.above); !made)
        return made;
    const UniqueFd above = open(parts.above, O_PATH | O_DIRECTORY);
    if (!above || (unlinkat(above.get(), parts.name.c_str(), 0) != 0 && errno != ENOENT))
        return cannot("replace", path);
    const UniqueFd file(
        openat(above.get(), parts.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file || !writeAll(file.get(), text) || fchmod(file.get(), mode) != 0 || !own(above.get(), parts.name.c_str()))
        return cannot("write", path);
    return {};
}

} // namespace sandglass::engine
