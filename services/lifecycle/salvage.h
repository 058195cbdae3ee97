#pragma once

#include "services/core/result.h"
#include "services/lifecycle/database.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace sandglass::lifecycle {

struct SalvageReport
{
    std::int64_t rowsKept = 0;
    std::int64_t rowsLost = 0; ///< at least: what stood behind a cut leaves no trace beyond the tree's own numbers
    std::filesystem::path damagedFile; ///< the file as it was found, with its write-ahead log beside it
    std::string cause;                 ///< what was wrong with it
    friend bool operator==(const SalvageReport &, const SalvageReport &) = default;
};

/// True for the failures of a damaged file, as against a full disk, a lock or missing rights.
[[nodiscard]] bool isDamage(const Error &error);

/// True when the file's header names another program or version, while its own table says it is a journal of this
/// one: a damaged header.
[[nodiscard]] bool isJournalInside(const std::filesystem::path &file);

/// Cheap: looks for damage in the fixed parts of the header, which SQLite would meet with other errors or would not
/// notice. A missing or empty file is sound.
[[nodiscard]] Result<> checkHeader(const std::filesystem::path &file);
/// Cheap: looks whether the file is as long as its header says. Error: damage.
[[nodiscard]] Result<> checkLength(Database &database, const std::filesystem::path &file);
/// Reads everything: SQLite's own check of the structure and the checksum of every row (about 1 s per million
/// events). Error: damage.
[[nodiscard]] Result<> checkContent(Database &database);

/// Copies the rows that verify into a fresh journal that takes the file's place, and keeps the damaged one beside
/// it. Nobody may have the file open. Killed at any moment, the next finishSalvage() or salvage() does the rest.
/// Error: not a journal at all (the file stays as it is), disk full.
[[nodiscard]] Result<SalvageReport> salvageJournal(const std::filesystem::path &file, const std::string &cause);
/// Ends a salvage that was interrupted after its copy was complete; does nothing otherwise.
[[nodiscard]] Result<> finishSalvage(const std::filesystem::path &file);

} // namespace sandglass::lifecycle
