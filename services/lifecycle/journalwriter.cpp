#include "services/lifecycle/journalwriter.h"

#include "services/lifecycle/journalhash.h"
#include "services/lifecycle/salvage.h"

#include <sqlite3.h>

namespace sandglass::lifecycle {

std::filesystem::path journalMarkOf(const std::filesystem::path &file)
{
    return file.string() + ".check";
}

Result<Database> openJournalChecked(const std::filesystem::path &file, const Journal::Options &options)
{
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (auto checked = checkHeader(file); !checked)
        return failure(std::move(checked.error()));
    const bool readsAll =
        !error && size > 0 && (size <= options.checkLimit || std::filesystem::exists(journalMarkOf(file)));
    auto database = openJournalFile(file, options.busyTimeout);
    if (!database)
        return database;
    if (auto checked = checkLength(*database, file); !checked)
        return failure(std::move(checked.error()));
    if (readsAll) {
        if (auto checked = checkContent(*database); !checked)
            return failure(std::move(checked.error()));
    }
    return database;
}

Result<> JournalWriter::check() const
{
    for (const Statement *statement : {&begin, &commit, &rollback, &topSeq, &insert, &mark, &unmark}) {
        if (!statement->isValid())
            return failure(db.lastError("the journal's table is not as expected"));
    }
    return upkeep.isValid() && ids.isValid() ? Result<>()
                                             : failure(db.lastError("the journal's tables are not as expected"));
}

int JournalWriter::store(std::span<Append> items)
{
    int status = begin.run();
    if (status == SQLITE_OK)
        status = insertAll(items);
    if (status == SQLITE_OK)
        status = commit.run();
    if (status == SQLITE_OK)
        ids.committed();
    return status;
}

int JournalWriter::tryWriting()
{
    int status = begin.run();
    for (Statement *statement : {&mark, &unmark, &commit}) {
        if (status == SQLITE_OK)
            status = statement->run();
    }
    return status;
}

int JournalWriter::rollBack()
{
    const int status = db.isInTransaction() ? rollback.run() : SQLITE_OK;
    ids.rolledBack();
    return status;
}

int JournalWriter::insertAll(std::span<Append> items)
{
    // Read anew in each transaction, so that a second writer (an import, a tool) cannot make numbers collide.
    if (const int status = topSeq.step(); status != SQLITE_ROW) {
        topSeq.reset();
        return status;
    }
    std::int64_t seq = topSeq.integer(0);
    topSeq.reset();
    if (const int status = ids.follow(seq); status != SQLITE_OK)
        return status;
    std::size_t stored = 0;
    for (Append &item : items) {
        if (item.event.id.empty()) {
            item.outcome = Journal::Outcome::Failed;
            continue;
        }
        const std::int64_t hash = hashOf(item.event.id);
        bool isKnown = false;
        if (const int status = ids.find(hash, item.event.id, isKnown); status != SQLITE_OK)
            return status;
        item.outcome = isKnown ? Journal::Outcome::Duplicate : Journal::Outcome::Stored;
        if (isKnown)
            continue;
        bindEvent(insert, seq + 1, item.event);
        if (const int status = insert.run(); status != SQLITE_OK)
            return status;
        item.seq = ++seq;
        ids.add(hash, seq);
        ++stored;
    }
    return ids.merge(2 * stored);
}

} // namespace sandglass::lifecycle
