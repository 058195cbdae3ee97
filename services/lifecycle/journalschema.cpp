#include "services/lifecycle/journalschema.h"

#include "services/lifecycle/journalhash.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace sandglass::lifecycle {

namespace {

constexpr const char *createTablesSql = R"(
    CREATE TABLE events(
        seq         INTEGER PRIMARY KEY,
        id_hash     INTEGER NOT NULL,
        id          TEXT NOT NULL,
        type        TEXT NOT NULL,
        source      INTEGER NOT NULL,
        time_ns     INTEGER NOT NULL,
        received_ns INTEGER NOT NULL,
        sandbox_id  TEXT NOT NULL,
        raw         BLOB NOT NULL,
        sum         INTEGER NOT NULL,
        session     TEXT NOT NULL DEFAULT '');
    CREATE TABLE state(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE sandboxes(
        number  INTEGER PRIMARY KEY,
        id_hash INTEGER NOT NULL,
        id      TEXT NOT NULL,
        tier    INTEGER NOT NULL,
        record  BLOB NOT NULL,
        counted BLOB,
        chunk   INTEGER);
    CREATE INDEX sandboxes_id ON sandboxes(id_hash);
    CREATE INDEX sandboxes_tier ON sandboxes(tier, number) WHERE tier < 2;
    CREATE INDEX sandboxes_late ON sandboxes(number) WHERE tier = 3;
    CREATE TABLE rollups(
        level     INTEGER NOT NULL,
        cell      INTEGER NOT NULL,
        kind      INTEGER NOT NULL,
        name      TEXT NOT NULL,
        vcpu_ms   INTEGER NOT NULL,
        mib_ms    INTEGER NOT NULL,
        vcpu_in   INTEGER NOT NULL,
        mib_in    INTEGER NOT NULL,
        vcpu_out  INTEGER NOT NULL,
        mib_out   INTEGER NOT NULL,
        starts    INTEGER NOT NULL,
        ends      INTEGER NOT NULL,
        PRIMARY KEY(level, kind, cell, name)) WITHOUT ROWID;
    CREATE TABLE archive(
        number   INTEGER PRIMARY KEY,
        first_ns INTEGER NOT NULL,
        last_ns  INTEGER NOT NULL,
        data     BLOB NOT NULL);)";

// Last in the table, as in new files: SQLite changes the table's definition only, and no row of it.
constexpr const char *addSessionSql = "ALTER TABLE events ADD COLUMN session TEXT NOT NULL DEFAULT '';";

constexpr const char *dropDerivedSql = R"(
    DELETE FROM state WHERE key NOT IN ('schema', 'ids');
    DELETE FROM sandboxes;
    DELETE FROM rollups;
    DELETE FROM archive;)";

constexpr const char *createIdsSql =
    "CREATE TABLE event_ids(id_hash INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(id_hash, seq)) WITHOUT ROWID;";

constexpr const char *fillIdsSql = R"(
    INSERT INTO event_ids SELECT id_hash, seq FROM events ORDER BY id_hash, seq;
    INSERT INTO state SELECT 'ids', coalesce(max(seq), 0) FROM events;)";

constexpr const char *setVersionSql =
    "INSERT OR REPLACE INTO state VALUES('schema', 5); PRAGMA application_id = 1397181523; PRAGMA user_version = 5;";
static_assert(journalApplicationId == 1397181523 && journalSchemaVersion == 5, "setVersionSql repeats the two");

constexpr const char *copyVersion1Sql = R"(
    INSERT INTO events SELECT seq, journal_hash(id), id, type, source, time_ns, received_ns, sandbox_id, raw,
        journal_sum(seq, id, type, source, time_ns, received_ns, sandbox_id, raw), '' FROM events_1 ORDER BY seq;
    DROP TABLE events_1;)";

std::string_view bytesOf(sqlite3_value *value)
{
    const void *data = sqlite3_value_blob(value); // before the size: it fixes the representation
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
    return data ? std::string_view(static_cast<const char *>(data), size) : std::string_view();
}

void journalHash(sqlite3_context *context, int, sqlite3_value **values)
{
    sqlite3_result_int64(context, hashOf(bytesOf(values[0])));
}

void journalSum(sqlite3_context *context, int, sqlite3_value **values)
{
    EventRow row;
    row.seq = sqlite3_value_int64(values[0]);
    row.id = bytesOf(values[1]);
    row.type = bytesOf(values[2]);
    row.source = sqlite3_value_int64(values[3]);
    row.timeNs = sqlite3_value_int64(values[4]);
    row.receivedNs = sqlite3_value_int64(values[5]);
    row.sandboxId = bytesOf(values[6]);
    row.raw = bytesOf(values[7]);
    sqlite3_result_int64(context, row.checksum());
}

Result<> addFunctions(Database &database)
{
    constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    const auto add = [&](const char *name, int count, auto function) {
        return sqlite3_create_function_v2(database.handle(), name, count, flags, nullptr, function, nullptr, nullptr,
                                          nullptr);
    };
    if (add("journal_hash", 1, journalHash) != SQLITE_OK || add("journal_sum", 8, journalSum) != SQLITE_OK)
        return failure(database.lastError("cannot add the journal's functions"));
    return {};
}

Result<> runAll(Database &database, std::initializer_list<const char *> steps)
{
    for (const char *step : steps) {
        auto done = database.execute(step);
        if (!done) {
            if (database.isInTransaction())
                (void)database.execute("ROLLBACK"); // the first failure is the one to tell
            return done;
        }
    }
    return {};
}

} // namespace

std::int64_t EventRow::checksum() const
{
    const auto word = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
    Hash64 sum;
    sum.add(word(seq))
        .add(id)
        .add(type)
        .add(word(source))
        .add(word(timeNs))
        .add(word(receivedNs))
        .add(sandboxId)
        .add(raw);
    if (!session.empty())
        sum.add(session);
    return sum.value();
}

Result<std::int64_t> journalVersion(Database &database, const std::filesystem::path &file)
{
    const auto id = database.queryInteger("PRAGMA application_id");
    if (!id)
        return id;
    const auto version = database.queryInteger("PRAGMA user_version");
    if (!version)
        return version;
    const auto objects = database.queryInteger("SELECT count(*) FROM sqlite_master");
    if (!objects)
        return objects;
    if (*id == 0 && *version == 0 && *objects == 0)
        return 0;
    if (*id != journalApplicationId)
        return failure(Error::Kind::Local, file.string() + " is a database of another program", 0, "foreign_database");
    if (*version > journalSchemaVersion) {
        return failure(Error::Kind::Local,
                       fmt::format("{} was written by a newer version of the program (schema {}, this one knows {})",
                                   file.string(), *version, journalSchemaVersion),
                       0, "newer_schema");
    }
    return version;
}

Result<> prepareSchema(Database &database, std::int64_t version)
{
    if (version == journalSchemaVersion)
        return {};
    if (version == 0)
        return runAll(database,
                      {"BEGIN IMMEDIATE", createTablesSql, createIdsSql, fillIdsSql, setVersionSql, "COMMIT"});
    // Schema 5 names the team in rollups and archive: they are made again from the events. Where the oldest of these
    // have been trimmed nothing else tells of them, so what is there stays, of a team that is not known.
    const auto trimmed = version == 1 ? Result<std::int64_t>(0)
                                      : database.queryInteger("SELECT count(*) FROM state WHERE key = 'trimmed'");
    if (!trimmed)
        return failure(trimmed.error());
    const char *forgetSumsSql = *trimmed == 0 ? dropDerivedSql : "";
    if (version == 4)
        return runAll(database, {"BEGIN IMMEDIATE", forgetSumsSql, setVersionSql, "COMMIT"});
    if (version == 3)
        return runAll(database, {"BEGIN IMMEDIATE", addSessionSql, forgetSumsSql, setVersionSql, "COMMIT"});
    if (version == 2)
        return runAll(database,
                      {"BEGIN IMMEDIATE", "DROP INDEX events_id", createIdsSql, fillIdsSql, addSessionSql,
                       forgetSumsSql, setVersionSql, "COMMIT"});
    if (auto added = addFunctions(database); !added)
        return added;
    return runAll(database,
                  {"BEGIN IMMEDIATE", "ALTER TABLE events RENAME TO events_1", createTablesSql, copyVersion1Sql,
                   createIdsSql, fillIdsSql, setVersionSql, "COMMIT"});
}

Result<> dropDerived(Database &database)
{
    return runAll(database, {"BEGIN IMMEDIATE", dropDerivedSql, "COMMIT"});
}

} // namespace sandglass::lifecycle
