#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/codeexecution.h"
#include "services/lifecycle/database.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace sandglass::lifecycle {

/// What the journal's file holds at present.
struct JournalExtent
{
    std::int64_t firstSeq = 0, lastSeq = 0; ///< 0: no event
    /// When the first one arrived, where older ones have left the journal: of what was before, nothing is known here.
    std::optional<Timestamp> knownFrom;
};
/// Reads two rows. Error: the journal cannot be read.
[[nodiscard]] Result<JournalExtent> journalExtent(Database &database);

/// The executions of code among the events of numbers (afterSeq, lastSeq], in their order; the event comes along for
/// its id and time. Goes by the types of the others, some two million a second, so not in the UI thread. Damaged ones
/// are passed by. Error: the journal cannot be read.
[[nodiscard]] Result<> forEachCodeRun(Database &database, std::int64_t afterSeq, std::int64_t lastSeq,
                                      const std::function<void(const CodeExecution &, const Event &)> &consume);

} // namespace sandglass::lifecycle
