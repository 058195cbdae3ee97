#include "services/engine/sandboxd/files.h"

#include "services/engine/sandboxd/entry.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace sandglass::engine::files {
namespace {

tl::unexpected<Error> invalid(std::string message)
{
    return failure(Error::Kind::Service, std::move(message), 0, "invalid_argument");
}

/// 0 or errno.
int makeOne(const std::string &directory, bool forRoot)
{
    if (mkdir(directory.c_str(), 0755) != 0)
        return errno;
    if (forRoot)
        noteRootOwns(directory);
    return 0;
}

/// Makes every missing directory above `path`. 0 or errno.
int makeParents(const std::string &path, bool forRoot = false)
{
    for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        const int error = makeOne(path.substr(0, slash), forRoot);
        if (error != 0 && error != EEXIST)
            return error;
    }
    return 0;
}

std::vector<std::string> sortedNames(const std::string &directory, int &error)
{
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR *)> handle(opendir(directory.c_str()), closedir);
    error = handle ? 0 : errno;
    while (handle && names.size() <= maxListed) {
        const dirent *entry = readdir(handle.get());
        if (entry == nullptr)
            break;
        const std::string name = entry->d_name;
        if (name != "." && name != "..")
            names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// Adds what lies in `directory` in walking order. Directories that vanish or may not be read are left out, as a walk
/// over a living tree must.
bool listInto(Json &entries, const std::string &directory, int depth)
{
    int error = 0;
    for (const std::string &name : sortedNames(directory, error)) {
        const std::string path = directory == "/" ? "/" + name : directory + "/" + name;
        Result<Json> entry = describeEntry(path);
        if (!entry)
            continue;
        const bool descend = depth > 1 && stringOr(*entry, "type") == "directory" && !entry->contains("target");
        entries.push_back(std::move(*entry));
        if (entries.size() > maxListed || (descend && !listInto(entries, path, depth - 1)))
            return false;
    }
    return true;
}

} // namespace

Account accountOf(const std::string &name)
{
    if (name.empty() || name == "user" || name == "1000")
        return Account::User;
    return name == "root" || name == "0" ? Account::Root : Account::Unknown;
}

std::string absolutePath(const std::string &path)
{
    std::filesystem::path whole;
    if (path == "~" || path.starts_with("~/"))
        whole = std::string(home) + path.substr(1);
    else
        whole = path.starts_with('/') ? path : std::string(home) + "/" + path;
    std::string text = whole.lexically_normal().string();
    while (text.size() > 1 && text.ends_with('/'))
        text.pop_back();
    return text;
}

Result<UniqueFd> openRegular(const std::string &path, bool forWriting, bool forRoot)
{
    struct stat status
    {};
    const bool isThere = ::stat(path.c_str(), &status) == 0;
    if (isThere && S_ISDIR(status.st_mode))
        return invalid("path '" + path + "' is a directory");
    if (isThere && !S_ISREG(status.st_mode)) // before opening: that alone can stir a device, and a pipe may refuse
        return invalid("path '" + path + "' is not a regular file");
    if (forWriting) {
        if (const int error = makeParents(path, forRoot); error != 0)
            return failure(fileError(error, path));
    }
    // Non-blocking: a named pipe without a partner must not stop the daemon. The type is checked before truncating.
    const int flags = (forWriting ? O_WRONLY | O_CREAT : O_RDONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    UniqueFd file(open(path.c_str(), flags, 0644));
    if (!file || fstat(file.get(), &status) != 0)
        return failure(fileError(errno, path));
    if (!S_ISREG(status.st_mode))
        return invalid("path '" + path + "' is not a regular file");
    if (forWriting && ftruncate(file.get(), 0) != 0)
        return failure(fileError(errno, path));
    if (forWriting && forRoot && !isThere)
        noteRootOwns(path);
    return file;
}

Result<Json> list(const std::string &path, int depth)
{
    struct stat status
    {};
    if (::stat(path.c_str(), &status) != 0)
        return failure(fileError(errno, path));
    if (!S_ISDIR(status.st_mode))
        return invalid("path '" + path + "' is not a directory");
    int error = 0;
    sortedNames(path, error);
    if (error != 0)
        return failure(fileError(error, path));
    Json entries = Json::array();
    if (!listInto(entries, path, std::max(1, depth)))
        return failure(Error::Kind::Service,
                       "path '" + path + "' holds more than " + std::to_string(maxListed) + " entries", 0,
                       "resource_exhausted");
    return entries;
}

Result<Json> makeDirectory(const std::string &path, bool forRoot)
{
    struct stat status
    {};
    if (::stat(path.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return failure(Error::Kind::Service, "directory already exists: " + path, 0, "already_exists");
        return invalid("path '" + path + "' exists and is not a directory");
    }
    int error = makeParents(path, forRoot);
    if (error == 0)
        error = makeOne(path, forRoot);
    if (error != 0)
        return failure(fileError(error, path));
    return describeEntry(path);
}

Result<Json> move(const std::string &source, const std::string &destination)
{
    struct stat status
    {};
    if (lstat(source.c_str(), &status) != 0)
        return failure(fileError(errno, source));
    if (const int error = makeParents(destination); error != 0)
        return failure(fileError(error, destination));
    if (rename(source.c_str(), destination.c_str()) != 0) {
        const int error = errno;
        if (error != EXDEV)
            return failure(fileError(error, source));
        // A directory of a lower layer cannot be renamed in an overlay: copy, then remove, as mv does.
        std::error_code failed;
        std::filesystem::copy(source, destination,
                              std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks
                                  | std::filesystem::copy_options::overwrite_existing,
                              failed);
        if (!failed)
            std::filesystem::remove_all(source, failed);
        if (failed)
            return failure(fileError(failed.value(), source));
    }
    return describeEntry(destination);
}

Result<Json> remove(const std::string &path)
{
    std::error_code failed;
    std::filesystem::remove_all(path, failed);
    if (failed)
        return failure(fileError(failed.value(), path));
    return Json::object();
}

} // namespace sandglass::engine::files
