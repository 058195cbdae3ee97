#include "services/lifecycle/journallookup.h"

#include "services/lifecycle/database.h"
#include "services/lifecycle/eventids.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/journalhash.h"

#include <sqlite3.h>

namespace sandglass::lifecycle {

Result<std::optional<std::int64_t>> seqOf(const Journal &journal, std::string_view eventId)
{
    auto database = Database::open(journal.file(), Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    Statement select(*database, selectSeqOfIdSql);
    select.bind(1, hashOf(eventId)).bindText(2, eventId);
    const int status = select.step();
    if (status == SQLITE_ROW)
        return std::optional(select.integer(0));
    if (status == SQLITE_DONE)
        return std::optional<std::int64_t>();
    return failure(database->lastError("the journal cannot be read"));
}

} // namespace sandglass::lifecycle
