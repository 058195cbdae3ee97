#pragma once

#include "services/lifecycle/database.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/journalschema.h"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

namespace sandglass::lifecycle {

/// The journal's file: opening it, and rows <-> events. Tables: journalschema.h.

/// Whether the event is new is for the caller to know: eventids.h.
inline constexpr const char *insertEventSql =
    "INSERT INTO events(seq, id_hash, id, type, source, time_ns, received_ns, sandbox_id, raw, sum, session) "
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)";
inline constexpr const char *selectEventsAfterSql =
    "SELECT seq, id, type, source, time_ns, received_ns, sandbox_id, raw, sum, session FROM events WHERE seq > ?1 "
    "ORDER BY seq";
inline constexpr const char *selectEventsBeforeSql =
    "SELECT seq, id, type, source, time_ns, received_ns, sandbox_id, raw, sum, session FROM events WHERE seq < ?1 "
    "ORDER BY seq DESC";

/// A writing connection with WAL, synchronous FULL and the present schema.
[[nodiscard]] Result<Database> openJournalFile(const std::filesystem::path &file,
                                               std::chrono::milliseconds busyTimeout);

/// When the file or its folder cannot be written: why, and code "view_only".
[[nodiscard]] std::optional<Error> obstacleToWriting(const std::filesystem::path &file);
/// A connection to look at what is there, where nothing can be written. Error: not of the present schema, or
/// unreadable.
[[nodiscard]] Result<Database> viewJournalFile(const std::filesystem::path &file);

/// `event` must outlive the statement's next step.
void bindEvent(Statement &insert, std::int64_t seq, const Event &event);
void bindRow(Statement &insert, const EventRow &row);

/// Replaces `events` by the rows of `select`: at most `rowLimit`, and no more once `byteLimit` is passed. Rows whose
/// checksum does not fit are left out and counted in `damaged`. Resets the statement. SQLITE_OK or the error code.
struct ReadResult
{
    int status = 0;
    std::int64_t lastSeq = 0; ///< of the last row looked at, damaged or not; 0 = none
    std::int64_t damaged = 0;
};
[[nodiscard]] ReadResult readEvents(Statement &select, std::size_t rowLimit, std::size_t byteLimit,
                                    std::vector<StoredEvent> &events);

/// The row under a select of the two above; views live until its next step.
[[nodiscard]] EventRow rowOf(const Statement &select);
[[nodiscard]] Event eventOfRow(const EventRow &row);

} // namespace sandglass::lifecycle
