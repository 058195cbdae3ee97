#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

class Journal;

/// Events in and out of a journal as JSON Lines or CSV, costs and sandboxes out as CSV. Any thread but the journal's
/// writer; each call runs to its end, with bounded memory. Times are UTC (RFC 3339, nanoseconds), money is US dollars
/// with twelve decimals.

enum class TransferFormat { JsonLines, Csv };
/// By the file's name: ".csv" is CSV, anything else JSON Lines.
[[nodiscard]] TransferFormat transferFormatOf(const std::filesystem::path &file);

struct TransferProgress
{
    std::int64_t records = 0;
    double share = 0; ///< of the whole, 0-1; an estimate
};

struct TransferOptions
{
    Timestamp from = Timestamp::min(); ///< export: own time of the event in [from, to)
    Timestamp to = Timestamp::max();
    /// Called now and then; false cancels (Error::Kind::Cancelled). What was imported until then stays.
    std::function<bool(const TransferProgress &)> progress;
};

struct ImportReport
{
    std::int64_t stored = 0;
    std::int64_t duplicates = 0;
    std::int64_t refused = 0;         ///< lines that are no event
    std::vector<std::string> reasons; ///< of the first refusals, with their line
};

/// Takes what exportEvents() wrote, or lines that are bodies of webhooks or rows of the events API (of any
/// generation); CSV by the names of its columns. Error: the file cannot be read, the journal cannot store.
[[nodiscard]] Result<ImportReport> importEvents(Journal &journal, const std::filesystem::path &file,
                                                TransferFormat format, const TransferOptions &options = {});

/// All events of the range in order of arrival; an import gives the same events again. The number of events. The
/// file appears when it is complete.
[[nodiscard]] Result<std::int64_t> exportEvents(const Journal &journal, const std::filesystem::path &file,
                                                TransferFormat format, const TransferOptions &options = {});

/// One row per sandbox that ran in the range, with what it cost within it. Waits until the journal's tables are up to
/// date. `now` ends what still runs. The number of rows.
[[nodiscard]] Result<std::int64_t> exportSandboxes(const Journal &journal, const cost::RateCard &card, Timestamp now,
                                                   const std::filesystem::path &file,
                                                   const TransferOptions &options = {});
/// One row per day (of the program's zone: DisplayZone) and template with sandboxes that ran.
[[nodiscard]] Result<std::int64_t> exportCosts(const Journal &journal, const cost::RateCard &card, Timestamp now,
                                               const std::filesystem::path &file, const TransferOptions &options = {});

} // namespace sandglass::lifecycle
