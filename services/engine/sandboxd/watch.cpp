#include "services/engine/sandboxd/watch.h"

#include "services/engine/sandboxd/entry.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace sandglass::engine {
namespace {

constexpr std::size_t maxDirectories = 8192; ///< of one watch; the kernel's own limit is for all of an account
constexpr std::uint32_t mask =
    IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR;

void closeAllBut(int first, int second)
{
    const auto low = static_cast<unsigned>(std::min(first, second)),
               high = static_cast<unsigned>(std::max(first, second));
    if (low > 3)
        close_range(3, low - 1, 0);
    if (high > low + 1)
        close_range(low + 1, high - 1, 0);
    close_range(high + 1, ~0U, 0);
}

std::vector<std::string> namesIn(const std::string &directory)
{
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR *)> handle(opendir(directory.c_str()), closedir);
    while (handle) {
        const dirent *entry = readdir(handle.get());
        if (entry == nullptr)
            break;
        const std::string name = entry->d_name;
        if (name != "." && name != "..")
            names.push_back(name);
    }
    return names;
}

bool isDirectory(const std::string &path)
{
    struct stat status
    {};
    return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

const char *typeOf(std::uint32_t bits)
{
    if ((bits & (IN_CREATE | IN_MOVED_TO)) != 0)
        return "CREATE";
    if ((bits & IN_MODIFY) != 0)
        return "WRITE";
    if ((bits & IN_DELETE) != 0)
        return "REMOVE";
    if ((bits & IN_MOVED_FROM) != 0)
        return "RENAME";
    return (bits & IN_ATTRIB) != 0 ? "CHMOD" : nullptr;
}

std::string joined(const std::string &directory, const std::string &name)
{
    return directory.empty() ? name : directory + "/" + name;
}

} // namespace

Result<DirectoryWatch> DirectoryWatch::open(const std::string &path, bool recursive, bool withEntries)
{
    struct stat status
    {};
    if (::stat(path.c_str(), &status) != 0)
        return failure(fileError(errno, path));
    if (!S_ISDIR(status.st_mode))
        return failure(Error::Kind::Service, "path '" + path + "' is not a directory", 0, "invalid_argument");
    DirectoryWatch watch;
    watch.m_path = path == "/" ? std::string() : path;
    watch.m_recursive = recursive;
    watch.m_withEntries = withEntries;
    std::array<int, 2> ends{-1, -1};
    watch.m_notify.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!watch.m_notify || pipe2(ends.data(), O_CLOEXEC) != 0)
        return failure(fileError(errno, path));
    watch.m_reader.reset(ends[0]);
    watch.m_writer.reset(ends[1]);
    fcntl(watch.m_reader.get(), F_SETFL, O_NONBLOCK);
    if (auto added = watch.add(path, {}); !added)
        return tl::unexpected(added.error());
    return watch;
}

std::string DirectoryWatch::pathOf(const std::string &name) const
{
    return name.empty() ? (m_path.empty() ? "/" : m_path) : m_path + "/" + name;
}

Result<> DirectoryWatch::add(const std::string &directory, const std::string &name)
{
    const std::uint32_t link =
        name.empty() ? 0 : IN_DONT_FOLLOW; // the root may be a link, what lies below is not followed
    const int watch = inotify_add_watch(m_notify.get(), directory.c_str(), mask | link);
    if (watch < 0)
        return failure(fileError(errno, directory));
    m_names[watch] = name;
    if (m_names.size() > maxDirectories)
        return failure(Error::Kind::Service,
                       "path '" + pathOf({}) + "' holds more than " + std::to_string(maxDirectories) + " directories",
                       0, "resource_exhausted");
    if (!m_recursive)
        return {};
    for (const std::string &child : namesIn(directory)) {
        const std::string below = joined(name, child);
        if (!isDirectory(pathOf(below)))
            continue;
        // A directory that vanishes meanwhile or may not be read is left out; the limit is for all.
        if (auto added = add(pathOf(below), below); !added && added.error().code == "resource_exhausted")
            return added;
    }
    return {};
}

/// A directory has appeared: what was made in it before it was watched is told as well.
void DirectoryWatch::addFound(const std::string &name)
{
    const bool wasRecursive = std::exchange(m_recursive, false); // one level at a time, so that each is told
    const bool added = m_names.size() < maxDirectories && add(pathOf(name), name);
    m_recursive = wasRecursive;
    if (!added)
        return;
    for (const std::string &child : namesIn(pathOf(name))) {
        const std::string below = joined(name, child);
        (void)tell("CREATE", below);
        if (isDirectory(pathOf(below)))
            addFound(below);
    }
}

void DirectoryWatch::forget(const std::string &name)
{
    for (auto it = m_names.begin(); it != m_names.end();) {
        if (it->second != name && !it->second.starts_with(name + "/")) {
            ++it;
            continue;
        }
        inotify_rm_watch(m_notify.get(), it->first);
        it = m_names.erase(it);
    }
}

bool DirectoryWatch::tell(const char *type, const std::string &name) const
{
    Json event{{"type", type}, {"name", name}};
    if (m_withEntries) {
        if (auto entry = describeEntry(pathOf(name)))
            event["entry"] = std::move(*entry);
    }
    const std::string line = dumpJson(event) + "\n";
    for (std::size_t done = 0; done < line.size();) {
        const ssize_t written = write(m_writer.get(), line.data() + done, line.size() - done);
        if (written < 0 && errno != EINTR)
            return false;
        done += static_cast<std::size_t>(std::max<ssize_t>(written, 0));
    }
    return true;
}

bool DirectoryWatch::tellEvents()
{
    alignas(inotify_event) std::array<char, 16384> buffer{};
    const ssize_t size = read(m_notify.get(), buffer.data(), buffer.size());
    inotify_event event{};
    for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof event) <= size;) {
        std::memcpy(&event, buffer.data() + at, sizeof event);
        const char *text = buffer.data() + at + sizeof event;
        at += static_cast<ssize_t>(sizeof event + event.len);
        const auto watched = m_names.find(event.wd);
        if (watched == m_names.end())
            continue;
        if ((event.mask & IN_IGNORED) != 0) {
            m_names.erase(watched);
            continue;
        }
        if (event.len == 0) { // of the directory itself; those below are told by their parents
            if ((event.mask & IN_DELETE_SELF) != 0 && watched->second.empty() && !tell("REMOVE", "."))
                return false;
            continue;
        }
        const std::string name = joined(watched->second, text);
        const char *type = typeOf(event.mask);
        if (type != nullptr && !tell(type, name))
            return false;
        if (!m_recursive || (event.mask & IN_ISDIR) == 0)
            continue;
        if ((event.mask & IN_MOVED_FROM) != 0)
            forget(name);
        else if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0)
            addFound(name);
    }
    return true;
}

void DirectoryWatch::run()
{
    m_reader.reset();
    closeAllBut(m_notify.get(), m_writer.get());
    std::array<pollfd, 2> waited{{{m_notify.get(), POLLIN, 0}, {m_writer.get(), 0, 0}}};
    for (;;) {
        if (poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR)
            return;
        if ((waited[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
            return;
        if ((waited[0].revents & POLLIN) != 0 && !tellEvents())
            return;
    }
}

} // namespace sandglass::engine
