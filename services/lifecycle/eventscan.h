#pragma once

#include "services/core/result.h"
#include "services/lifecycle/journal.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// A walk through the journal from the newest events back. Bodies in which a word stands nowhere are passed by without
/// being decoded: some millions of events a second. Own connection, any thread but the UI's.
struct EventScan
{
    std::filesystem::path journal;
    std::int64_t beforeSeq = 0;     ///< the walk begins with the event before; 0 = with the last one
    std::vector<std::string> words; ///< in lower case; only events in which all of them may stand are decoded
    std::function<bool(const StoredEvent &)> accepts; ///< has the last word on those; called in the scan's thread

    /// After each piece of the walk, which takes some milliseconds.
    struct Step
    {
        std::vector<StoredEvent> found; ///< newest first
        std::int64_t looked = 0;        ///< events seen since the beginning
        std::int64_t reached = 0;       ///< seq of the last one of them; the walk can go on before it
        bool isAtEnd = false;           ///< the first event of the journal has been seen
    };
    /// Until the end, or `take` answers false. Error: the journal cannot be read. Damaged events are passed by.
    [[nodiscard]] Result<> run(const std::function<bool(Step)> &take) const;
};

} // namespace sandglass::lifecycle
