#include "services/engine/volumes/volumewalk.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sandglass::engine::volumewalk {

namespace {

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

} // namespace

void list(std::vector<VolumeEntry> &entries, UniqueFd folder, const std::string &path, std::uint32_t depth,
          std::int64_t most)
{
    const Directory directory = directoryFrom(std::move(folder));
    if (!directory)
        return; // gone meanwhile, or closed to its owner
    const int fd = dirfd(directory.get());
    for (const std::string &name : namesIn(directory.get(), most - std::ssize(entries))) {
        const UniqueFd each(openat(fd, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        auto entry = each ? readVolumeEntry(each.get(), (path == "/" ? path : path + "/") + name) : std::nullopt;
        if (!entry)
            continue;
        const bool goesOn = entry->type == VolumeEntry::Type::Directory && depth > 1;
        const std::string below = entry->path;
        entries.push_back(std::move(*entry));
        if (goesOn)
            list(entries, UniqueFd(openat(fd, name.c_str(), kFolder)), below, depth - 1, most);
    }
}

UniqueFd openToRemove(int parent, const std::string &name)
{
    UniqueFd folder(openat(parent, name.c_str(), kFolder));
    if (!folder && errno == EACCES && fchmodat(parent, name.c_str(), 0700, 0) == 0)
        folder.reset(openat(parent, name.c_str(), kFolder));
    return folder;
}

bool removeAll(UniqueFd folder, int depth)
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
            all = removeAll(std::move(below), depth + 1) && unlinkat(fd, name.c_str(), AT_REMOVEDIR) == 0 && all;
        }
        if (names.empty() || !all)
            return all;
    }
}

void addUp(Use &use, UniqueFd folder, std::int64_t most, int depth)
{
    const Directory directory = directoryFrom(std::move(folder));
    if (!directory || depth > kDeepest)
        return;
    const int fd = dirfd(directory.get());
    for (const std::string &name : namesIn(directory.get(), most)) {
        struct stat status
        {};
        if (use.entries >= most || fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        ++use.entries;
        use.bytes += std::int64_t{status.st_blocks} * 512;
        if (S_ISDIR(status.st_mode))
            addUp(use, UniqueFd(openat(fd, name.c_str(), kFolder)), most, depth + 1);
    }
}

} // namespace sandglass::engine::volumewalk
