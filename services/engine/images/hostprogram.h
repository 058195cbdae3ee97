#pragma once

#include "services/core/result.h"

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// A program of this machine that helps a build, and what becomes of what it writes.
struct HostProgram
{
    std::string path; ///< absolute
    std::vector<std::string> arguments;
    std::function<bool(std::string_view)> onOutput; ///< false ends it; none: its output is dropped
    std::function<void(std::string)> onLine;        ///< a line of its standard error
};

/// Where a program of that name is, by PATH.
[[nodiscard]] std::optional<std::string> findHostProgram(const std::string &name);

/// Runs it to its end with the engine's environment, in a session of its own, and gives its exit status, 128 + n for a
/// signal. Told to stop by `isCancelled` or by onOutput it hears SIGTERM, so that it can tidy up, and SIGKILL after 5
/// s. Blocks: for threads that may. It ends with the calling thread.
[[nodiscard]] Result<int> runHostProgram(const HostProgram &program, const std::atomic<bool> &isCancelled);

} // namespace sandglass::engine
