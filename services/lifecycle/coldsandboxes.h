#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/database.h"
#include "services/lifecycle/fold.h"

#include <functional>

namespace sandglass::lifecycle {

/// Every sandbox that ended a while ago and is known to the journal's tables alone (snapshot.h), if some sandbox that
/// was put away together with it ran at `from` or later. In no order; reads the whole table, so not in the UI thread.
/// `consume` answers false to stop. Error: the tables cannot be read.
[[nodiscard]] Result<> forEachCold(Database &database, Timestamp from,
                                   const std::function<bool(const Sandbox &)> &consume);

/// The sandbox of a record as ColdFinder gives it; empty for damaged bytes.
[[nodiscard]] std::optional<Sandbox> sandboxOf(std::string_view record);

} // namespace sandglass::lifecycle
