#pragma once

#include "services/core/result.h"
#include "services/lifecycle/journalschema.h"

#include <cstdint>
#include <filesystem>
#include <functional>

namespace sandglass::lifecycle {

/// What a scan has seen beside the rows it handed out.
struct ScanCounts
{
    std::int64_t damaged = 0;    ///< rows of the table's shape whose checksum does not fit
    std::int64_t highestSeq = 0; ///< largest row number anywhere: what there once was, as far as it can be told
};

/// Reads rows of `events` straight from the pages of a damaged file and of the write-ahead log beside it, without
/// SQLite: header, schema and inner pages of the trees may be missing. Only rows whose checksum fits are handed out,
/// in no order, some more than once. Rows of schema 1 carry none: those are taken whose body still is the event that
/// the row says. File format: https://www.sqlite.org/fileformat2.html
[[nodiscard]] Result<ScanCounts> scanEvents(const std::filesystem::path &file,
                                            const std::function<Result<>(const EventRow &)> &consume);

} // namespace sandglass::lifecycle
