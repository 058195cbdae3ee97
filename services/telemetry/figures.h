#pragma once

#include "services/telemetry/histogram.h"

#include <array>

namespace sandglass::telemetry {

/// The program's histograms: /metrics shows them. They stay in the process; nothing is sent anywhere.
struct Figures
{
    Figures();

    HistogramFamily delivery;      ///< {outcome}: a webhook's body read → its answer handed over
    HistogramFamily eventAge;      ///< {}: the event's own time → its receipt; new events only
    HistogramFamily journalCommit; ///< {outcome}: one transaction of the journal, fsync included
    HistogramFamily apiCall;       ///< {endpoint, status}: calls to E2B APIs with their tries
    HistogramFamily attempt;       ///< {verdict}: attempts of a refinement, making a sandbox included

    [[nodiscard]] std::array<const HistogramFamily *, 5> all() const;
};

[[nodiscard]] Figures &figures(); ///< of this process

} // namespace sandglass::telemetry
