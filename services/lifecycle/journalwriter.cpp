#include "services/lifecycle/journalwriter.h"

#include "services/lifecycle/salvage.h"

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
    for (const Statement *statement : {&begin, &commit, &rollback, &topSeq, &insert}) {
        if (!statement->isValid())
            return failure(db.lastError("the journal's table is not as expected"));
    }
    return upkeep.isValid() && ids.isValid() ? Result<>()
                                             : failure(db.lastError("the journal's tables are not as expected"));
}

} // namespace sandglass::lifecycle
