#pragma once

#include "services/lifecycle/database.h"
#include "services/lifecycle/event.h"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace sandglass::lifecycle {

/// Tables of the journal's file. `events` is the truth; the others are derived from it and can be made again.
///   events     a row per event; sum is the row's checksum, with the session where there is one: rows from before
///              schema 4, which brought the session, keep the checksum they were written with
///   event_ids  finds an event by the hash of its id, all but the newest (eventids.h)
///   state      named figures, such as up to which event the derived tables reach
///   sandboxes  the folded record of each sandbox; tier 0 live, 1 ended, 2 counted in rollups and archive
///   rollups    what the sandboxes of tier 2 used, by minute, hour and day (rollup.h)
///   archive    their stretches, packed, for the parts of a minute
inline constexpr int journalSchemaVersion = 5;          ///< PRAGMA user_version
inline constexpr int journalApplicationId = 0x53474c53; ///< "SGLS": tells the journal from any other SQLite file

/// Columns of a row of `events`, in order of the table but for the checksum, which stands before the session.
struct EventRow
{
    std::int64_t seq = 0;
    std::string_view id;
    std::string_view type;
    std::int64_t source = 0;
    std::int64_t timeNs = 0;
    std::int64_t receivedNs = 0;
    std::string_view sandboxId;
    std::string_view raw;
    std::string_view session;

    [[nodiscard]] std::int64_t checksum() const;
};

/// The file's version, 0 for an empty one. Error: another program's database ("foreign_database"), "newer_schema".
[[nodiscard]] Result<std::int64_t> journalVersion(Database &database, const std::filesystem::path &file);

/// Makes the present tables, or brings an older file to them in one transaction: all or nothing.
[[nodiscard]] Result<> prepareSchema(Database &database, std::int64_t version);

/// Empties the derived tables: the next catch-up makes them again from the events.
[[nodiscard]] Result<> dropDerived(Database &database);

} // namespace sandglass::lifecycle
