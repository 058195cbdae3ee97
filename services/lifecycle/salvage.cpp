#include "services/lifecycle/salvage.h"

#include "services/core/time.h"
#include "services/core/uniquefd.h"
#include "services/lifecycle/journalfile.h"
#include "services/lifecycle/journalhash.h"
#include "services/lifecycle/salvagescan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace sandglass::lifecycle {

namespace {

namespace fs = std::filesystem;

constexpr const char *copyRowSql =
    "INSERT OR IGNORE INTO events(seq, id_hash, id, type, source, time_ns, received_ns, sandbox_id, raw, sum, session) "
    "SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11 WHERE NOT EXISTS "
    "(SELECT 1 FROM event_ids CROSS JOIN events USING(seq) WHERE event_ids.id_hash = ?2 AND events.id = ?3)";
constexpr const char *missingIdsSql =
    "SELECT count(*) FROM events WHERE seq <= (SELECT value FROM state WHERE key = 'ids') AND NOT EXISTS "
    "(SELECT 1 FROM event_ids WHERE event_ids.id_hash = events.id_hash AND event_ids.seq = events.seq)";

fs::path with(const fs::path &file, const char *suffix)
{
    return file.string() + suffix;
}

Error damage(std::string message)
{
    return {Error::Kind::Local, 0, std::move(message), "damaged"};
}

Error systemError(const std::string &what, int code)
{
    const char *name = strerrorname_np(code);
    return {Error::Kind::Local, 0, fmt::format("{}: {}", what, std::strerror(code)), name ? name : ""};
}

/// True when what there is of the header is that of a SQLite file.
bool beginsAsDatabase(const fs::path &file)
{
    constexpr std::string_view magic("SQLite format 3\0", 16);
    std::string head(magic.size(), '\0');
    std::ifstream stream(file, std::ios::binary);
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(stream.gcount()));
    return !head.empty() && magic.starts_with(head);
}

/// Copies what verifies; leaves a complete, closed file.
Result<SalvageReport> copySound(const fs::path &from, const fs::path &to)
{
    for (const char *suffix : {"", "-wal", "-shm"})
        fs::remove(with(to, suffix));
    auto fresh = openJournalFile(to, std::chrono::seconds(5));
    if (!fresh)
        return failure(std::move(fresh.error()));
    if (auto begun = fresh->execute("BEGIN IMMEDIATE"); !begun)
        return failure(std::move(begun.error()));
    SalvageReport report;
    std::int64_t highestKept = 0;
    ScanCounts counts;
    {
        Statement insert(*fresh, copyRowSql);
        Statement insertId(*fresh, "INSERT OR IGNORE INTO event_ids VALUES(?1, ?2)");
        const auto scanned = scanEvents(from, [&](const EventRow &row) -> Result<> {
            bindRow(insert, row);
            if (insert.run() != SQLITE_OK)
                return failure(fresh->lastError("what was salvaged cannot be stored"));
            if (sqlite3_changes64(fresh->handle()) == 0)
                return {};
            ++report.rowsKept;
            if (insertId.bind(1, hashOf(row.id)).bind(2, row.seq).run() != SQLITE_OK)
                return failure(fresh->lastError("what was salvaged cannot be stored"));
            highestKept = std::max(highestKept, row.seq);
            return {};
        });
        if (!scanned)
            return failure(scanned.error());
        counts = *scanned;
    }
    constexpr const char *end =
        "UPDATE state SET value = (SELECT coalesce(max(seq), 0) FROM events) WHERE key = 'ids'; "
        "COMMIT";
    if (auto done = fresh->execute(end); !done)
        return failure(std::move(done.error()));
    const auto lowest = fresh->queryInteger("SELECT coalesce(min(seq), 1) FROM events");
    if (!lowest)
        return failure(lowest.error());
    // Row numbers have no holes, so a hole is a loss. A number far beyond is damage itself.
    std::error_code ignored;
    const auto room = static_cast<std::int64_t>(fs::file_size(from, ignored) / 40 + 64);
    const std::int64_t highest = counts.highestSeq - highestKept <= room ? counts.highestSeq : highestKept;
    const std::int64_t missing = std::max(highest, highestKept) - (*lowest - 1) - report.rowsKept;
    report.rowsLost = std::max({missing, counts.damaged, std::int64_t{0}});
    return report;
}

Result<> syncFolder(const fs::path &file)
{
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0)
        return failure(systemError("cannot sync the folder " + folder.string(), errno));
    return {};
}

/// A name beside `file` that is free.
fs::path nameForDamaged(const fs::path &file)
{
    std::string stamp = formatRfc3339(systemNow(), 0);
    std::erase_if(stamp, [](char c) { return c == ':' || c == '-'; });
    for (int i = 0;; ++i) {
        fs::path name = file.string() + ".damaged-" + stamp + (i == 0 ? "" : fmt::format("-{}", i));
        if (!fs::exists(name) && !fs::exists(with(name, "-wal")))
            return name;
    }
}

} // namespace

bool isDamage(const Error &error)
{
    return error.code == "damaged";
}

bool isJournalInside(const fs::path &file)
{
    auto database = Database::open(file, Database::Mode::ReadOnly);
    if (!database)
        return false;
    const auto schema = database->queryInteger("SELECT value FROM state WHERE key = 'schema'");
    return schema && *schema >= 2 && *schema <= journalSchemaVersion; // the first had no such table
}

Result<> checkHeader(const fs::path &file)
{
    std::array<char, 100> bytes{};
    std::ifstream stream(file, std::ios::binary);
    stream.read(bytes.data(), bytes.size());
    const auto size = static_cast<std::size_t>(stream.gcount());
    if (size == 0)
        return {}; // to be made
    const std::string_view head(bytes.data(), size);
    if (size < bytes.size()) // SQLite would take it for an empty one
        return failure(damage(file.string() + " is cut or not a database"));
    constexpr std::string_view ours("SGLS");
    if (head.substr(68, 4) != ours)
        return {}; // another program's, or damaged: SQLite tells
    const auto isVersion = [&](std::size_t at) { return head[at] == 1 || head[at] == 2; };
    const bool isSound = head.substr(16, 2) == std::string_view("\x10\0", 2) && isVersion(18) && isVersion(19)
        && head.substr(20, 4) == std::string_view("\0\x40\x20\x20", 4)
        && head.substr(44, 4) == std::string_view("\0\0\0\4", 4)
        && head.substr(56, 4) == std::string_view("\0\0\0\1", 4);
    return isSound ? Result<>() : failure(damage("the header of " + file.string() + " is damaged"));
}

Result<> checkLength(Database &database, const fs::path &file)
{
    // Only a file without a log stands for itself; SQLite grows it at a checkpoint.
    std::error_code error;
    if (const auto logSize = fs::file_size(with(file, "-wal"), error); !error && logSize > 0)
        return {};
    const auto pages = database.queryInteger("PRAGMA page_count");
    if (!pages)
        return failure(pages.error());
    const auto size = static_cast<std::int64_t>(fs::file_size(file, error));
    const auto header = database.queryInteger("PRAGMA page_size");
    if (!header)
        return failure(header.error());
    if (error || size >= *pages * *header)
        return {};
    return failure(damage(fmt::format("{} is cut: {} of {} bytes", file.string(), size, *pages * *header)));
}

Result<> checkContent(Database &database)
{
    const auto structure = database.queryText("PRAGMA integrity_check(1)");
    if (!structure)
        return failure(structure.error());
    if (*structure != "ok")
        return failure(damage(*structure));
    const auto missing = database.queryInteger(missingIdsSql);
    if (!missing)
        return failure(missing.error());
    if (*missing != 0)
        return failure(damage(fmt::format("{} events are missing in the table of ids", *missing)));
    Statement select(database, selectEventsAfterSql);
    select.bind(1, std::int64_t{0});
    int status = SQLITE_DONE;
    while ((status = select.step()) == SQLITE_ROW) {
        const EventRow row = rowOf(select);
        if (row.checksum() != select.integer(8))
            return failure(damage(fmt::format("event {} does not fit its checksum", row.seq)));
    }
    if (status != SQLITE_DONE)
        return failure(database.lastError("the journal cannot be read"));
    return {};
}

Result<SalvageReport> salvageJournal(const fs::path &file, const std::string &cause)
{
    const fs::path part = with(file, ".salvage-part");
    auto report = copySound(file, part);
    std::error_code error;
    if (report && report->rowsKept == 0 && !beginsAsDatabase(file))
        report = failure(damage(file.string() + " is not a journal: " + cause));
    if (!report) {
        fs::remove(part, error);
        return report;
    }
    report->damagedFile = nameForDamaged(file);
    report->cause = cause;
    for (const char *suffix : {"", "-wal"}) {
        if (fs::exists(with(file, suffix), error)
            && ::link(with(file, suffix).c_str(), with(report->damagedFile, suffix).c_str()) != 0)
            return failure(systemError("the damaged journal cannot be kept", errno));
    }
    fs::rename(part, with(file, ".salvaged"), error);
    if (error)
        return failure(systemError("what was salvaged cannot take its place", error.value()));
    if (auto finished = finishSalvage(file); !finished)
        return failure(std::move(finished.error()));
    return report;
}

Result<> finishSalvage(const fs::path &file)
{
    std::error_code error;
    if (!fs::exists(with(file, ".salvaged"), error))
        return {};
    for (const char *suffix : {"-wal", "-shm"}) // before the rename: a log must not meet another file's pages
        fs::remove(with(file, suffix), error);
    fs::rename(with(file, ".salvaged"), file, error);
    if (error)
        return failure(systemError("what was salvaged cannot take its place", error.value()));
    return syncFolder(file);
}

} // namespace sandglass::lifecycle
