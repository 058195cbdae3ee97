#pragma once

#include "services/core/json.h"
#include "services/engine/api/sandboxlog.h"
#include "services/engine/api/sandboxuser.h"
#include "services/engine/kernels/kernel.h"
#include "services/http/server.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sandglass::engine {

/// The code interpreter of one sandbox (port 49999): its contexts and their kernels. io thread only.
class Interpreter final : public std::enable_shared_from_this<Interpreter>
{
public:
    Interpreter(boost::asio::io_context &io, std::shared_ptr<Sandbox> sandbox, Environment global,
                std::shared_ptr<SandboxLog> log);

    /// Makes the default contexts: Python's starts in the background, so that the first execution finds it ready,
    /// JavaScript's when it is first used.
    void warmUp();

    /// One request, `path` beginning with "/execute", "/contexts" or "/health". Error bodies are plain text.
    void serve(const http::Request &request, const std::shared_ptr<http::Exchange> &exchange);

    /// The sandbox is paused: what runs or waits ends for its listener with an error, because nobody may ever resume
    /// it. Kernels keep their state; after the pause what ran is interrupted.
    void setFrozen(bool frozen);

    /// Running executions end with an error line; later requests find no kernel.
    void shutDown();

private:
    using KernelPtr = std::shared_ptr<Kernel>;
    using Ready = std::function<void(Result<KernelPtr>)>;
    struct Context
    {
        std::string id, language, directory;
        KernelPtr starting;         ///< until it is `kernel`
        KernelPtr kernel;           ///< null before and while it starts
        bool isAsleep = false;      ///< to start when it is needed
        std::vector<Ready> waiting; ///< for the kernel
        Error failure;              ///< why it could not start, once it is out of the map
    };

    void execute(const http::Request &request, const std::shared_ptr<http::Exchange> &exchange);
    void createContext(const http::Request &request, const std::shared_ptr<http::Exchange> &exchange);
    void restartContext(const std::string &id, const std::shared_ptr<http::Exchange> &exchange);
    void removeContext(const std::string &id, const std::shared_ptr<http::Exchange> &exchange);
    [[nodiscard]] Json listContexts() const;

    void withKernel(const std::shared_ptr<Context> &context, Ready ready);
    [[nodiscard]] std::shared_ptr<Context> add(const std::string &language, const std::string &directory);
    [[nodiscard]] std::shared_ptr<Context> open(const std::string &language, const std::string &directory);
    void begin(const std::shared_ptr<Context> &context);
    void opened(const std::string &id, Result<KernelPtr> kernel);
    static void answerWaiting(Context &context, const Result<KernelPtr> &kernel);
    [[nodiscard]] std::shared_ptr<Context> defaultContext(const std::string &language);

    boost::asio::io_context &m_io;
    std::shared_ptr<Sandbox> m_sandbox;
    Environment m_global;
    std::shared_ptr<SandboxLog> m_log;
    std::map<std::string, std::shared_ptr<Context>> m_contexts;
    std::map<std::string, std::string> m_defaults; ///< language -> context id
    std::vector<std::weak_ptr<class ExecutionStream>> m_running;
    bool m_down = false;
};

} // namespace sandglass::engine
