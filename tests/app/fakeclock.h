#pragma once

#include "services/core/time.h"

namespace sandglass::test {

/// From now on this process believes that it is `time`, and goes on from there at the usual pace: the day of the month
/// is the test's, not the day's. Monotonic clocks, timers and child processes are left alone.
void startClockAt(Timestamp time);

} // namespace sandglass::test
