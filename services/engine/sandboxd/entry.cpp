#include "services/engine/sandboxd/entry.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

std::string typeName(mode_t mode)
{
    if (S_ISREG(mode))
        return "file";
    if (S_ISDIR(mode))
        return "directory";
    return S_ISLNK(mode) ? "symlink" : "unknown";
}

std::string resolvedTarget(const std::string &path)
{
    std::array<char, PATH_MAX> buffer{};
    if (realpath(path.c_str(), buffer.data()) != nullptr)
        return buffer.data();
    const ssize_t n = readlink(path.c_str(), buffer.data(), buffer.size());
    return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : std::string();
}

constexpr const char *ownerAttribute = "user.sandglass.owner";

bool isNotedAsRoots(const std::string &path)
{
    std::array<char, 8> value{};
    return path == "/root" || path.starts_with("/root/")
        || (lgetxattr(path.c_str(), ownerAttribute, value.data(), value.size()) == 4
            && std::string_view(value.data(), 4) == "root");
}

/// Only two accounts have a meaning here; every foreign id shows as the overflow id.
std::string accountName(unsigned id, bool isRoots)
{
    if (id == 1000)
        return isRoots ? "root" : "user";
    return id == 0 || id == 65534 ? "root" : std::to_string(id);
}

/// What clients noted of a file, in its extended attributes user.e2b.KEY (api/filemetadata.h writes them).
Json metadataOf(const std::string &path)
{
    constexpr std::string_view prefix = "user.e2b.";
    std::array<char, 8192> names{};
    std::array<char, 4096> value{};
    Json metadata = Json::object();
    const ssize_t size = listxattr(path.c_str(), names.data(), names.size());
    for (ssize_t at = 0; at < size;) {
        const std::string name = names.data() + at;
        at += static_cast<ssize_t>(name.size()) + 1;
        if (!name.starts_with(prefix))
            continue;
        const ssize_t length = getxattr(path.c_str(), name.c_str(), value.data(), value.size());
        if (length >= 0)
            metadata[name.substr(prefix.size())] = std::string(value.data(), static_cast<std::size_t>(length));
    }
    return metadata;
}

} // namespace

std::string goModeString(mode_t mode)
{
    std::string text;
    const auto add = [&text](bool set, const char *letters) {
        if (set)
            text += letters;
    };
    add(S_ISDIR(mode), "d");
    add(S_ISLNK(mode), "L");
    add(S_ISBLK(mode), "D");
    add(S_ISCHR(mode), "D");
    add(S_ISFIFO(mode), "p");
    add(S_ISSOCK(mode), "S");
    add((mode & S_ISUID) != 0, "u");
    add((mode & S_ISGID) != 0, "g");
    add(S_ISCHR(mode), "c");
    add((mode & S_ISVTX) != 0, "t");
    if (text.empty())
        text = "-";
    constexpr std::array<char, 3> letters{'r', 'w', 'x'};
    for (unsigned bit = 0; bit < 9; ++bit)
        text += (mode & (0400U >> bit)) != 0 ? letters[bit % 3] : '-';
    return text;
}

Result<Json> describeEntry(const std::string &path)
{
    struct stat own
    {};
    if (lstat(path.c_str(), &own) != 0)
        return failure(fileError(errno, path));
    struct stat target = own;
    if (S_ISLNK(own.st_mode) && ::stat(path.c_str(), &target) != 0)
        target = own;
    const bool isRoots = own.st_uid == 1000 && isNotedAsRoots(path);
    const auto slash = path.find_last_of('/');
    const std::string name = path.size() > 1 && slash != std::string::npos ? path.substr(slash + 1) : path;
    Json entry = {
        {"name", name},
        {"path", path},
        {"type", typeName(target.st_mode)},
        {"size", static_cast<std::int64_t>(target.st_size)},
        {"mode", own.st_mode & 07777U},
        {"permissions", goModeString(own.st_mode)},
        {"owner", accountName(own.st_uid, isRoots)},
        {"group", accountName(own.st_gid, isRoots)},
        {"mtime", static_cast<std::int64_t>(own.st_mtim.tv_sec) * 1'000'000'000 + own.st_mtim.tv_nsec},
    };
    if (S_ISREG(target.st_mode)) {
        if (Json metadata = metadataOf(path); !metadata.empty())
            entry["metadata"] = std::move(metadata);
    }
    if (S_ISLNK(own.st_mode))
        entry["target"] = resolvedTarget(path);
    return entry;
}

void noteRootOwns(const std::string &path)
{
    setxattr(path.c_str(), ownerAttribute, "root", 4, 0);
}

Error fileError(int error, const std::string &path)
{
    const char *code = "internal";
    switch (error) {
    case ENOENT:
        code = "not_found";
        break;
    case EEXIST:
    case ENOTEMPTY:
        code = "already_exists";
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        code = "permission_denied";
        break;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case EFBIG:
        code = "resource_exhausted";
        break;
    case ENOTDIR:
    case EISDIR:
    case EINVAL:
    case ELOOP:
    case EXDEV:
    case ENAMETOOLONG:
        code = "invalid_argument";
        break;
    default:
        break;
    }
    return {Error::Kind::Service, 0, "path '" + path + "': " + std::strerror(error), code};
}

} // namespace sandglass::engine
