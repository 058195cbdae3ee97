#pragma once

#include "services/lifecycle/database.h"
#include "services/lifecycle/journal.h"

#include <cstddef>
#include <filesystem>
#include <vector>

namespace sandglass::lifecycle {

/// The journal's file format: schema, and rows <-> events.

inline constexpr int journalSchemaVersion = 1; ///< PRAGMA user_version

inline constexpr const char *insertEventSql = "INSERT INTO events(seq, id, type, source, time_ns, "
                                              "received_ns, sandbox_id, raw) VALUES(?1,?2,?3,?4,?5,?6,?7,?8) "
                                              "ON CONFLICT(id) DO NOTHING";
inline constexpr const char *selectEventsAfterSql = "SELECT seq, id, type, source, time_ns, received_ns, "
                                                    "sandbox_id, raw FROM events WHERE seq > ?1 ORDER BY seq";
inline constexpr const char *selectEventsBeforeSql =
    "SELECT seq, id, type, source, time_ns, received_ns, sandbox_id, raw FROM events WHERE seq < ?1 ORDER BY "
    "seq DESC";

/// A writing connection with WAL, synchronous FULL and the present schema.
[[nodiscard]] Result<Database> openJournalFile(const std::filesystem::path &file,
                                               std::chrono::milliseconds busyTimeout);

/// `event` must outlive the statement's next step.
void bindEvent(Statement &insert, std::int64_t seq, const Event &event);

/// Replaces `events` by the rows of `select`: at most `rowLimit`, and no more once `byteLimit` is passed.
/// Resets the statement. SQLITE_OK or the error code.
[[nodiscard]] int readEvents(Statement &select, std::size_t rowLimit, std::size_t byteLimit,
                             std::vector<StoredEvent> &events);

} // namespace sandglass::lifecycle
