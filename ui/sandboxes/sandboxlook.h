#pragma once

#include "services/lifecycle/fold.h"
#include "ui/widgets/stateshape.h"

namespace sandglass::ui {

[[nodiscard]] StateLook lookOf(lifecycle::SandboxState state);
[[nodiscard]] StateLook lookOf(lifecycle::EventType type);

} // namespace sandglass::ui
