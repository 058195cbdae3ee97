#include "services/lifecycle/journalfile.h"

#include "services/core/paths.h"
#include "services/core/uniquefd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace sandglass::lifecycle {

namespace {

constexpr int applicationId = 0x53474c53; // "SGLS": tells the journal from any other SQLite file

constexpr const char *createSchemaSql = R"(
    BEGIN IMMEDIATE;
    CREATE TABLE events(
        seq         INTEGER PRIMARY KEY,
        id          TEXT NOT NULL UNIQUE,
        type        TEXT NOT NULL,
        source      INTEGER NOT NULL,
        time_ns     INTEGER NOT NULL,
        received_ns INTEGER NOT NULL,
        sandbox_id  TEXT NOT NULL,
        raw         BLOB NOT NULL);
    PRAGMA application_id = 1397181523;
    PRAGMA user_version = 1;
    COMMIT;)";
static_assert(applicationId == 1397181523 && journalSchemaVersion == 1, "createSchemaSql repeats the two");

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

/// True when the schema has to be made, false when it is there.
Result<bool> needsSchema(Database &database, const std::filesystem::path &file)
{
    const auto id = database.queryInteger("PRAGMA application_id");
    if (!id)
        return failure(id.error());
    const auto version = database.queryInteger("PRAGMA user_version");
    if (!version)
        return failure(version.error());
    const auto objects = database.queryInteger("SELECT count(*) FROM sqlite_master");
    if (!objects)
        return failure(objects.error());
    if (*id == 0 && *version == 0 && *objects == 0)
        return true;
    if (*id != applicationId)
        return failure(Error::Kind::Local, file.string() + " is a database of another program", 0, "foreign_database");
    if (*version > journalSchemaVersion) {
        return failure(Error::Kind::Local,
                       fmt::format("{} was written by a newer version of the program (schema {}, this one knows {})",
                                   file.string(), *version, journalSchemaVersion),
                       0, "newer_schema");
    }
    return false;
}

Result<> configure(Database &database)
{
    const auto mode = database.queryText("PRAGMA journal_mode = WAL");
    if (!mode)
        return failure(mode.error());
    if (*mode != "wal") // network file systems without shared memory
        return failure(Error::Kind::Local, "the journal's file system does not allow write-ahead logging");
    // FULL: an answer of 200 promises durability even across a power loss. Grouped commits make it cheap.
    return database.execute("PRAGMA synchronous = FULL; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY");
}

Event eventOfRow(const Statement &row)
{
    const auto source = static_cast<EventSource>(row.integer(3));
    const Timestamp receivedAt = fromUnixNs(row.integer(5));
    auto decoded = decodeEvent(row.bytes(7), source, receivedAt);
    Event event = decoded ? std::move(*decoded) : Event{};
    event.id = row.bytes(1);
    event.source = source;
    event.receivedAt = receivedAt;
    if (decoded)
        return event;
    // Kept and shown, though this version cannot read the body.
    event.type = EventType::Unknown;
    event.typeName = row.bytes(2);
    event.timestamp = fromUnixNs(row.integer(4));
    event.sandboxId = row.bytes(6);
    event.raw = row.bytes(7);
    return event;
}

} // namespace

Result<Database> openJournalFile(const std::filesystem::path &file, std::chrono::milliseconds busyTimeout)
{
    if (auto created = createFile(file); !created)
        return failure(std::move(created.error()));
    auto database = Database::open(file, Database::Mode::ReadWrite, busyTimeout);
    if (!database)
        return database;
    if (!database->isWritable())
        return failure(Error::Kind::Local, file.string() + " is read-only", 0, "EACCES");
    const auto isNew = needsSchema(*database, file);
    if (!isNew)
        return failure(isNew.error());
    if (auto configured = configure(*database); !configured)
        return failure(std::move(configured.error()));
    if (*isNew) {
        if (auto made = database->execute(createSchemaSql); !made)
            return failure(std::move(made.error()));
    }
    return database;
}

void bindEvent(Statement &insert, std::int64_t seq, const Event &event)
{
    insert.bind(1, seq)
        .bindText(2, event.id)
        .bindText(3, event.typeName)
        .bind(4, static_cast<std::int64_t>(event.source))
        .bind(5, toUnixNs(event.timestamp))
        .bind(6, toUnixNs(event.receivedAt))
        .bindText(7, event.sandboxId)
        .bindBlob(8, event.raw);
}

int readEvents(Statement &select, std::size_t rowLimit, std::size_t byteLimit, std::vector<StoredEvent> &events)
{
    events.clear();
    std::size_t bytes = 0;
    int status = SQLITE_DONE;
    while (events.size() < rowLimit && bytes < byteLimit && (status = select.step()) == SQLITE_ROW) {
        events.push_back({select.integer(0), eventOfRow(select)});
        bytes += events.back().event.raw.size();
    }
    select.reset();
    return status == SQLITE_ROW || status == SQLITE_DONE ? SQLITE_OK : status;
}

} // namespace sandglass::lifecycle
