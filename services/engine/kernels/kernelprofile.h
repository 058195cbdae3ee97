#pragma once

#include "services/core/result.h"
#include "services/engine/kernels/kernel.h"

#include <map>
#include <string>
#include <vector>

namespace sandglass::engine {

/// How the kernels of one language are started and spoken to.
struct KernelProfile
{
    std::string language, title; ///< "javascript", "JavaScript"
    std::string command;
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment; ///< before the sandbox's own
    bool canFork = false;                           ///< from a template's fork-server
    bool ownSystem = false;                         ///< set by useOwnSystem()
    /// The runner cannot see what waits in its output pipes, so that the engine empties them before each of its lines.
    bool pipesFirst = false;
    std::string (*encode)(const ExecuteSpec &spec); ///< what asks for an execution, with its last '\n'

    /// The sandbox has programs of its own: Python is the one that is found first there, and is never forked.
    void useOwnSystem();
    /// Why it did not start, told by how it ended and by what it wrote to standard error until then.
    [[nodiscard]] Error startError(const std::string &reason, const std::string &errors) const;
};

/// Error code "unimplemented" for a language without a kernel.
[[nodiscard]] Result<KernelProfile> kernelProfile(const std::string &language);

} // namespace sandglass::engine
