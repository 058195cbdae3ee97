#include "services/lifecycle/gatheredwrites.h"

#include <sqlite3.h>

#include <cstddef>
#include <memory>
#include <new>
#include <string>

namespace sandglass::lifecycle {

namespace {

constexpr const char *name = "sandglass-gathered";
constexpr std::size_t gatherLimit = 120U << 10; // SQLite's own file system writes nothing when told 128 KiB at once

/// Stands behind the default file system's own file object, whose methods it takes the place of.
struct Gathered
{
    explicit Gathered(const sqlite3_io_methods *own) : original(own), methods(*own) {}

    const sqlite3_io_methods *const original;
    sqlite3_io_methods methods;
    sqlite3_int64 offset = 0; ///< of `bytes` in the file
    std::string bytes;
};

const sqlite3_vfs *original()
{
    static const sqlite3_vfs *const found = sqlite3_vfs_find(nullptr);
    return found;
}

constexpr std::size_t roundedUp(std::size_t size)
{
    constexpr std::size_t step = alignof(Gathered);
    return (size + step - 1) / step * step;
}

Gathered &gatheredOf(sqlite3_file *file)
{
    const std::size_t behind = roundedUp(static_cast<std::size_t>(original()->szOsFile));
    return *std::launder(reinterpret_cast<Gathered *>(reinterpret_cast<std::byte *>(file) + behind));
}

/// What could not be written is dropped: SQLite takes back the transaction it belonged to.
int flush(sqlite3_file *file)
{
    Gathered &gathered = gatheredOf(file);
    if (gathered.bytes.empty())
        return SQLITE_OK;
    const int status = gathered.original->xWrite(file, gathered.bytes.data(), static_cast<int>(gathered.bytes.size()),
                                                 gathered.offset);
    gathered.bytes.clear();
    return status;
}

/// The default method, once the file has all that was written.
template<auto method, typename... Arguments>
int flushed(sqlite3_file *file, Arguments... arguments)
{
    const int status = flush(file);
    return status == SQLITE_OK ? (gatheredOf(file).original->*method)(file, arguments...) : status;
}

int write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    Gathered &gathered = gatheredOf(file);
    const auto size = static_cast<std::size_t>(count);
    const bool follows = gathered.offset + static_cast<sqlite3_int64>(gathered.bytes.size()) == offset;
    if (!follows || gathered.bytes.size() + size > gatherLimit) {
        if (const int status = flush(file); status != SQLITE_OK)
            return status;
    }
    if (gathered.bytes.empty())
        gathered.offset = offset;
    gathered.bytes.append(static_cast<const char *>(bytes), size);
    return SQLITE_OK;
}

/// With less than FULL a commit is told to others without a sync, and so before it is in the file.
int control(sqlite3_file *file, int operation, void *argument)
{
    if (operation == SQLITE_FCNTL_PRAGMA) {
        auto **words = static_cast<char **>(argument); // where to tell a failure, name, value
        const bool isLess = words[2] != nullptr && sqlite3_stricmp(words[2], "full") != 0;
        if (isLess && sqlite3_stricmp(words[1], "synchronous") == 0) {
            words[0] = sqlite3_mprintf("writes are gathered for synchronous FULL only");
            return SQLITE_ERROR;
        }
    }
    return gatheredOf(file).original->xFileControl(file, operation, argument);
}

int close(sqlite3_file *file)
{
    const int flushing = flush(file);
    Gathered &gathered = gatheredOf(file);
    const sqlite3_io_methods *const own = gathered.original;
    std::destroy_at(&gathered);
    const int status = own->xClose(file);
    return flushing == SQLITE_OK ? status : flushing;
}

int open(sqlite3_vfs *system, sqlite3_filename path, sqlite3_file *file, int flags, int *flagsOut)
{
    const int status = original()->xOpen(system, path, file, flags, flagsOut);
    if (status != SQLITE_OK || !file->pMethods)
        return status; // a file that is not open has no methods
    auto *behind = reinterpret_cast<std::byte *>(file) + roundedUp(static_cast<std::size_t>(original()->szOsFile));
    Gathered &gathered = *new (behind) Gathered(file->pMethods);
    gathered.methods.xClose = close;
    gathered.methods.xFileControl = control;
    // Not the database itself: a checkpoint that ends early tells others to read there without syncing it before.
    if ((flags & SQLITE_OPEN_WAL) != 0) {
        gathered.methods.xWrite = write;
        gathered.methods.xRead = flushed<&sqlite3_io_methods::xRead>;
        gathered.methods.xTruncate = flushed<&sqlite3_io_methods::xTruncate>;
        gathered.methods.xSync = flushed<&sqlite3_io_methods::xSync>;
        gathered.methods.xFileSize = flushed<&sqlite3_io_methods::xFileSize>;
    }
    file->pMethods = &gathered.methods;
    return status;
}

} // namespace

const char *gatheredWrites()
{
    static sqlite3_vfs system = [] {
        sqlite3_vfs made = *original();
        made.szOsFile = static_cast<int>(roundedUp(static_cast<std::size_t>(made.szOsFile)) + sizeof(Gathered));
        made.zName = name;
        made.pNext = nullptr;
        made.xOpen = open;
        return made;
    }();
    static const int registered = sqlite3_vfs_register(&system, 0);
    return registered == SQLITE_OK ? name : nullptr; // null: the default one
}

} // namespace sandglass::lifecycle
