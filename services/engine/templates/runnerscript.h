#pragma once

#include <string_view>

namespace sandglass::engine {

/// resources/kernels/python_runner.py, as built.
[[nodiscard]] std::string_view pythonRunnerScript();
inline constexpr const char *pythonRunnerPath = "/opt/sandglass/python_runner.py"; ///< where it lies in a sandbox

} // namespace sandglass::engine
