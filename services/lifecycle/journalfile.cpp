#include "services/lifecycle/journalfile.h"

#include "services/core/paths.h"
#include "services/core/uniquefd.h"
#include "services/lifecycle/gatheredwrites.h"
#include "services/lifecycle/journalhash.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace sandglass::lifecycle {

namespace {

/// Makes an empty file that only its owner may read. Only when missing: closing a descriptor of a file that
/// SQLite has open elsewhere in this process would drop SQLite's locks.
Result<> createFile(const std::filesystem::path &file)
{
    if (file.has_parent_path() && !ensurePrivateDirectory(file.parent_path()))
        return failure(Error::Kind::Local, "cannot create the folder " + file.parent_path().string());
    const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (fd || errno == EEXIST)
        return {};
    const int code = errno;
    const char *name = strerrorname_np(code);
    return failure(Error::Kind::Local, fmt::format("cannot create {}: {}", file.string(), std::strerror(code)), 0,
                   name ? name : "");
}

Result<> configure(Database &database)
{
    const auto mode = database.queryText("PRAGMA journal_mode = WAL");
    if (!mode)
        return failure(mode.error());
    if (*mode != "wal") // network file systems without shared memory
        return failure(Error::Kind::Local, "the journal's file system does not allow write-ahead logging");
    // FULL: an answer of 200 promises durability even across a power loss. Grouped commits make it cheap.
    return database.execute("PRAGMA synchronous = FULL; PRAGMA cache_size = -24000; PRAGMA temp_store = MEMORY");
}

EventRow rowOf(const Event &event, std::int64_t seq)
{
    return {seq,
            event.id,
            event.typeName,
            static_cast<std::int64_t>(event.source),
            toUnixNs(event.timestamp),
            toUnixNs(event.receivedAt),
            event.sandboxId,
            event.raw,
            event.session};
}

} // namespace

Result<Database> openJournalFile(const std::filesystem::path &file, std::chrono::milliseconds busyTimeout)
{
    if (auto created = createFile(file); !created)
        return failure(std::move(created.error()));
    auto database = Database::open(file, Database::Mode::ReadWrite, busyTimeout, gatheredWrites());
    if (!database)
        return database;
    if (!database->isWritable())
        return failure(Error::Kind::Local, file.string() + " is read-only", 0, "EACCES");
    const auto version = journalVersion(*database, file); // before anything of another program's file is changed
    if (!version)
        return failure(version.error());
    if (auto configured = configure(*database); !configured)
        return failure(std::move(configured.error()));
    if (auto prepared = prepareSchema(*database, *version); !prepared)
        return failure(std::move(prepared.error()));
    return database;
}

std::optional<Error> obstacleToWriting(const std::filesystem::path &file)
{
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    for (const std::filesystem::path &path : {folder, file}) {
        if (::access(path.c_str(), W_OK) != 0)
            return Error{Error::Kind::Local, 0, fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)),
                         "view_only"};
    }
    return {};
}

Result<Database> viewJournalFile(const std::filesystem::path &file)
{
    auto database = Database::open(file, Database::Mode::ReadOnly);
    if (!database)
        return database;
    const auto version = journalVersion(*database, file);
    if (!version)
        return failure(version.error());
    if (*version != journalSchemaVersion)
        return failure(Error::Kind::Local, file.string() + " is of an older version and cannot be brought to this one",
                       0, "older_schema");
    return database;
}

void bindEvent(Statement &insert, std::int64_t seq, const Event &event)
{
    bindRow(insert, rowOf(event, seq));
}

void bindRow(Statement &insert, const EventRow &row)
{
    insert.bind(1, row.seq)
        .bind(2, hashOf(row.id))
        .bindText(3, row.id)
        .bindText(4, row.type)
        .bind(5, row.source)
        .bind(6, row.timeNs)
        .bind(7, row.receivedNs)
        .bindText(8, row.sandboxId)
        .bindBlob(9, row.raw)
        .bind(10, row.checksum())
        .bindText(11, row.session);
}

EventRow rowOf(const Statement &select)
{
    return {select.integer(0), select.bytes(1), select.bytes(2), select.integer(3), select.integer(4),
            select.integer(5), select.bytes(6), select.bytes(7), select.bytes(9)};
}

Event eventOfRow(const EventRow &row)
{
    const auto source = static_cast<EventSource>(row.source);
    const Timestamp receivedAt = fromUnixNs(row.receivedNs);
    auto decoded = decodeEvent(row.raw, source, receivedAt);
    Event event = decoded ? std::move(*decoded) : Event{};
    event.id = row.id;
    event.source = source;
    event.receivedAt = receivedAt;
    event.session = row.session;
    if (decoded)
        return event;
    // Kept and shown, though this version cannot read the body.
    event.type = EventType::Unknown;
    event.typeName = row.type;
    event.timestamp = fromUnixNs(row.timeNs);
    event.sandboxId = row.sandboxId;
    event.raw = row.raw;
    return event;
}

ReadResult readEvents(Statement &select, std::size_t rowLimit, std::size_t byteLimit, std::vector<StoredEvent> &events)
{
    events.clear();
    ReadResult result;
    std::size_t bytes = 0;
    int status = SQLITE_DONE;
    while (events.size() < rowLimit && bytes < byteLimit && (status = select.step()) == SQLITE_ROW) {
        const EventRow row = rowOf(select);
        result.lastSeq = row.seq;
        if (row.checksum() != select.integer(8)) {
            ++result.damaged;
            continue;
        }
        events.push_back({row.seq, eventOfRow(row)});
        bytes += row.raw.size();
    }
    select.reset();
    result.status = status == SQLITE_ROW || status == SQLITE_DONE ? SQLITE_OK : status;
    return result;
}

} // namespace sandglass::lifecycle
