#include "services/lifecycle/coderuns.h"

#include "services/lifecycle/journalfile.h"

#include <sqlite3.h>

namespace sandglass::lifecycle {

Result<JournalExtent> journalExtent(Database &database)
{
    Statement first(database, "SELECT seq, received_ns FROM events ORDER BY seq LIMIT 1");
    Statement last(database, "SELECT coalesce(max(seq), 0) FROM events");
    JournalExtent extent;
    const int status = first.step();
    if (status == SQLITE_ROW) {
        extent.firstSeq = first.integer(0);
        if (extent.firstSeq > 1) // they leave from the front
            extent.knownFrom = fromUnixNs(first.integer(1));
    }
    if ((status != SQLITE_ROW && status != SQLITE_DONE) || last.step() != SQLITE_ROW)
        return failure(database.lastError("the journal cannot be read"));
    extent.lastSeq = last.integer(0);
    return extent;
}

Result<> forEachCodeRun(Database &database, std::int64_t afterSeq, std::int64_t lastSeq,
                        const std::function<void(const CodeExecution &, const Event &)> &consume)
{
    // The type stands before the body in a row, so that bodies of other types are not read.
    Statement select(database,
                     "SELECT seq, id, type, source, time_ns, received_ns, sandbox_id, raw, sum, session FROM events "
                     "WHERE seq > ?1 AND seq <= ?2 AND type = ?3 ORDER BY seq");
    select.bind(1, afterSeq).bind(2, lastSeq).bindText(3, codeExecutedType);
    int status = SQLITE_DONE;
    while ((status = select.step()) == SQLITE_ROW) {
        const EventRow row = rowOf(select);
        if (row.checksum() != select.integer(8))
            continue;
        const Event event = eventOfRow(row);
        consume(codeExecutionOf(event), event);
    }
    if (status != SQLITE_DONE)
        return failure(database.lastError("the journal cannot be read"));
    return {};
}

} // namespace sandglass::lifecycle
