#pragma once

#include "services/engine/api/processtable.h"
#include "services/engine/api/sandboxuser.h"
#include "services/engine/broker/sandbox.h"
#include "services/engine/network/egressproxy.h"
#include "services/engine/templates/layercopy.h"

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sandglass::engine {

/// A sandbox that a step of a build runs in: with a way out to the internet, and nobody's but the build's. io thread
/// only; the copying happens on `worker`.
class BuildSandbox final : public std::enable_shared_from_this<BuildSandbox>
{
public:
    using Output = RunningProcess::Output;
    struct Line
    {
        Output source = Output::Stdout;
        std::string text;
    };
    using OnLines = std::function<void(std::vector<Line>)>;

    struct Command
    {
        std::string text; ///< for a login shell
        SandboxUser account;
        std::string directory;
        Environment environment;
    };
    struct Ended
    {
        int status = 0;     ///< as a shell has it: 128 + n for a signal
        std::string reason; ///< "memory limit" … when the engine ended it
    };

    [[nodiscard]] static boost::asio::awaitable<Result<std::shared_ptr<BuildSandbox>>>
    launch(boost::asio::io_context &io, http::IoThread &worker, SandboxHost &host, std::vector<std::string> layers,
           SandboxLimits limits);
    ~BuildSandbox(); ///< kills it

    /// Until the command has ended. Error: it could not be started, or the sandbox is gone.
    [[nodiscard]] boost::asio::awaitable<Result<Ended>> run(Command command, OnLines onLines);
    /// Until the command has begun: it runs on. `onEnd` is called when it ends before the sandbox does.
    [[nodiscard]] boost::asio::awaitable<Result<>> begin(Command command, OnLines onLines,
                                                         std::function<void(Ended)> onEnd);
    /// Copies a file of this machine into the sandbox.
    [[nodiscard]] boost::asio::awaitable<Result<>> put(std::string source, std::string target);
    [[nodiscard]] boost::asio::awaitable<Result<bool>> isDirectory(std::string path);
    /// Stops everything that runs and makes a layer of what was written, at `path`. The end of the sandbox's use.
    [[nodiscard]] boost::asio::awaitable<Result<LayerSize>> save(std::string path, LayerLimits limits,
                                                                 std::shared_ptr<std::atomic<bool>> isCancelled);
    /// Ends it at once; what is awaited fails with "unavailable".
    void kill();

private:
    class Reader;

    BuildSandbox(boost::asio::io_context &io, http::IoThread &worker, std::shared_ptr<Sandbox> sandbox);
    [[nodiscard]] boost::asio::awaitable<Result<>> openWayOut();
    void start(Command command, std::shared_ptr<Reader> reader, std::function<void(Result<>)> then);

    boost::asio::io_context &m_io;
    http::IoThread &m_worker;
    std::shared_ptr<Sandbox> m_sandbox;
    std::shared_ptr<ProcessTable> m_processes;
    std::unique_ptr<EgressProxy> m_egress;
};

} // namespace sandglass::engine
