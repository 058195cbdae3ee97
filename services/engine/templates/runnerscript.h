#pragma once

#include <span>
#include <string_view>

namespace sandglass::engine {

inline constexpr const char *pythonRunnerPath = "/opt/sandglass/python_runner.py";
inline constexpr const char *forkServerPath = "/opt/sandglass/fork_server.py";
inline constexpr const char *nodeRunnerPath = "/opt/sandglass/node_runner.js";
inline constexpr const char *bashRunnerPath = "/opt/sandglass/bash_runner.sh";

/// A file of resources/kernels/, as built, and where it lies in a sandbox.
struct KernelFile
{
    const char *path;
    std::string_view text;
};
[[nodiscard]] std::span<const KernelFile> kernelFiles();

} // namespace sandglass::engine
