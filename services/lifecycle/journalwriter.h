#pragma once

#include "services/lifecycle/appendqueue.h"
#include "services/lifecycle/eventids.h"
#include "services/lifecycle/journalfile.h"
#include "services/lifecycle/journalupkeep.h"

#include <filesystem>
#include <functional>
#include <span>
#include <utility>

namespace sandglass::lifecycle {

/// A file beside the journal that tells the next open to look at every row.
[[nodiscard]] std::filesystem::path journalMarkOf(const std::filesystem::path &file);

/// Opens for writing and looks for damage: at the length always, at everything while that costs nothing to speak of or
/// when an earlier run has met damage.
[[nodiscard]] Result<Database> openJournalChecked(const std::filesystem::path &file, const Journal::Options &options);

/// A connection of the journal's writer thread, and what is prepared on it. Answers are SQLite's codes.
struct JournalWriter
{
    JournalWriter(Database database, const Journal::Options &options, std::function<void(std::int64_t)> onTrimmed)
        : db(std::move(database))
        , begin(db, "BEGIN IMMEDIATE")
        , commit(db, "COMMIT")
        , rollback(db, "ROLLBACK")
        , topSeq(db, "SELECT coalesce(max(seq), 0) FROM events")
        , insert(db, insertEventSql)
        , ids(db)
        , mark(db, "INSERT INTO state VALUES('tried', 0)")
        , unmark(db, "DELETE FROM state WHERE key = 'tried'")
        , upkeep(db, options.hotLimit, options.keepFor, std::move(onTrimmed))
    {}

    /// What is wrong with the tables.
    [[nodiscard]] Result<> check() const;

    /// One transaction: stores those that are new, and fills in `outcome` and `seq` of all. SQLITE_OK means durable;
    /// anything else that nothing of it is stored, for a reason that `db` can tell.
    [[nodiscard]] int store(std::span<Append> items);
    /// A transaction that needs room on the disk and changes nothing.
    [[nodiscard]] int tryWriting();
    /// When one of the two has failed; SQLITE_OK when there is nothing to roll back, too.
    [[nodiscard]] int rollBack();

    Database db;
    Statement begin, commit, rollback, topSeq, insert;
    EventIds ids;
    Statement mark, unmark;
    JournalUpkeep upkeep;

private:
    [[nodiscard]] int insertAll(std::span<Append> items);
};

} // namespace sandglass::lifecycle
