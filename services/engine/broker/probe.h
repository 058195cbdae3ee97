#pragma once

#include "services/engine/broker/launch.h"
#include "services/engine/broker/sandbox.h"

#include <optional>

namespace sandglass::engine {

struct ProbeResult
{
    IsolationTier tier;
    std::optional<RootMode> mode; ///< how roots are made here; empty when no sandbox can run
};

/// Starts a real sandbox to its end in each way until one works (engine.md 12).
[[nodiscard]] ProbeResult probe(const SandboxFilters &filters, int daemonFd);

} // namespace sandglass::engine
