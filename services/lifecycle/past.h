#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/ledger.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace sandglass::lifecycle {

/// Everything as the events up to and including `moment` tell it, by their own times: what a fold of those alone would
/// give. Of sandboxes over by then the last ones are in the fold, the older ones in the sums only, as in a Tracker.
struct Past
{
    explicit Past(cost::RateCard card) : ledger(std::move(card)) {}

    Timestamp moment{};
    Ledger ledger;
    std::vector<StoredEvent> newest; ///< newest first by their own time
    std::int64_t eventCount = 0;
    std::vector<Timestamp> lastHour;                   ///< events of the hour before, sorted; of sandboxes in the fold,
                                                       ///< and those of no sandbox's record
    std::optional<Timestamp> firstEvent;               ///< of the whole journal
    std::optional<Timestamp> previousEvent, nextEvent; ///< of known types, around the moment; one at it is neither

    /// In the `window` until the moment, at most one hour.
    [[nodiscard]] int eventsWithin(std::chrono::milliseconds window) const;
};

/// Looks back in a journal. Reads an index at first, which takes one to two seconds for a million events; from then on
/// a moment takes a tenth of it. Own connection; used by one thread, which is not the UI's. The tables must be held.
class PastReader final
{
public:
    struct Limits
    {
        std::size_t endedSandboxes = 20'000; ///< in the fold
        std::size_t events = 2'000;
    };
    [[nodiscard]] static Result<std::unique_ptr<PastReader>> open(const std::filesystem::path &file, Limits limits,
                                                                  const std::function<bool()> &isStopped);
    [[nodiscard]] static Result<std::unique_ptr<PastReader>> open(const std::filesystem::path &file);
    ~PastReader();

    /// Error: the journal cannot be read, or `isStopped` said so.
    [[nodiscard]] Result<std::shared_ptr<Past>> read(Timestamp moment, const cost::RateCard &card,
                                                     const std::function<bool()> &isStopped);

private:
    struct Private;
    explicit PastReader(std::unique_ptr<Private> p);
    std::unique_ptr<Private> d;
};

} // namespace sandglass::lifecycle
