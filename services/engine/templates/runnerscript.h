#pragma once

#include <string_view>

namespace sandglass::engine {

/// resources/kernels/python_runner.py and fork_server.py, as built.
[[nodiscard]] std::string_view pythonRunnerScript();
[[nodiscard]] std::string_view forkServerScript();
inline constexpr const char *pythonRunnerPath = "/opt/sandglass/python_runner.py"; ///< where it lies in a sandbox
inline constexpr const char *forkServerPath = "/opt/sandglass/fork_server.py";     ///< the same, beside it

} // namespace sandglass::engine
