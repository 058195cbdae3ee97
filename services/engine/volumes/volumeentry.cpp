#include "services/engine/volumes/volumeentry.h"

#include "services/engine/broker/names.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sandglass::engine {

namespace {

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

std::optional<VolumeEntry> readVolumeEntry(int fd, std::string path)
{
    struct stat status
    {};
    if (fstat(fd, &status) != 0)
        return std::nullopt;
    VolumeEntry entry = entryFrom(status, std::move(path));
    if (entry.type == VolumeEntry::Type::Symlink) {
        std::array<char, 4096> target{};
        const ssize_t size = readlinkat(fd, "", target.data(), target.size());
        entry.target = std::string(target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
    return entry;
}

} // namespace sandglass::engine
