#pragma once

#include "services/core/result.h"
#include "services/engine/broker/sandbox.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace sandglass::engine {

struct ExecuteSpec
{
    std::string code;
    std::map<std::string, std::string> environment; ///< for this execution only
};

/// A language session inside a sandbox: one process that keeps variables between executions. One execution at a time;
/// further ones wait in order. io thread only.
class Kernel
{
public:
    virtual ~Kernel() = default; ///< ends the process

    struct Execution
    {
        /// One line of e2b-protocol.md 5.2 without its '\n', in order, ending with {"type": "end_of_execution"}.
        std::function<void(std::string line)> onLine;
        /// Asked before more output is read: false stops reading until resumeReading() (back-pressure).
        std::function<bool()> canTakeMore;
    };
    /// Returns a handle for cancel().
    virtual std::uint64_t execute(ExecuteSpec spec, Execution sink) = 0;
    virtual void resumeReading() = 0;
    /// The listener went away: a running execution is interrupted (SIGINT, 2 s grace, then a new process), a waiting
    /// one is dropped.
    virtual void cancel(std::uint64_t handle) = 0;
    /// The sandbox stands still: nothing is signalled and no patience runs out, because a process that cannot answer
    /// would be killed. What is cancelled meanwhile is interrupted afterwards.
    virtual void setFrozen(bool frozen) = 0;
    /// Ends the process and starts a new one; a running execution ends with error ContextRestarting.
    virtual void restart(std::function<void(Result<>)> then) = 0;
    [[nodiscard]] virtual const std::string &language() const = 0;
    [[nodiscard]] virtual const std::string &workingDirectory() const = 0;
};

/// Starts a kernel for that language in `sandbox`: see kernelProfile(). Error code "unimplemented" for a language
/// without a kernel, "failed_precondition" naming the Debian package when a tool is missing. The answer is the kernel
/// while it starts (null when there is none): keep it until `then`; letting go of it earlier gives the start up without
/// a call.
[[nodiscard]] std::shared_ptr<Kernel> startKernel(std::shared_ptr<Sandbox> sandbox, boost::asio::io_context &io,
                                                  std::string language, std::string workingDirectory,
                                                  std::map<std::string, std::string> environment,
                                                  std::function<void(Result<std::shared_ptr<Kernel>>)> then);

} // namespace sandglass::engine
