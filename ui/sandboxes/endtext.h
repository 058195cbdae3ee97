#pragma once

#include "services/core/time.h"

#include <QString>

namespace sandglass::ui {

/// Local "14:30:00", with the day where that is not the one of `beside`: "20 Aug 14:30:00".
[[nodiscard]] QString clockBeside(Timestamp time, Timestamp beside);
/// Of a sandbox that nobody asked to end: "planned until 14:30:00, ended 14:18:00, 12 m 00 s early".
[[nodiscard]] QString earlyEndText(Timestamp planned, Timestamp ended);

} // namespace sandglass::ui
