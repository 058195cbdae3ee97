#pragma once

#include "services/engine/builds/buildfiles.h"
#include "services/engine/builds/buildlogs.h"
#include "services/engine/builds/buildplan.h"
#include "services/engine/builds/buildsandbox.h"
#include "services/engine/builds/buildstore.h"
#include "services/engine/images/baseimages.h"
#include "services/engine/images/layercache.h"
#include "services/engine/templates/layerstore.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace sandglass::engine {

/// What builds work with; outlives them.
struct BuildTools
{
    boost::asio::io_context &io;
    http::IoThread &worker; ///< copies
    SandboxHost &host;
    const TemplateCatalog &catalog;
    BuildStore &store;
    BuildLogs &logs;
    LayerCache &cache;
    BuildFiles &files;
    BaseImages &images;
    const LayerStore &layers;
    std::string stateDirectory;
};

/// Why a build does not go on; not the fault of a request.
[[nodiscard]] tl::unexpected<Error> buildFailure(std::string message);
/// "exit status 3 (memory limit): the last line"
[[nodiscard]] std::string exitText(const BuildSandbox::Ended &ended, const std::string &lastLine);

/// One build from its base to the ready command: each step that writes files runs in a sandbox of its own on the layers
/// so far, and what it wrote becomes a layer. io thread only.
class BuildJob final : public std::enable_shared_from_this<BuildJob>
{
public:
    BuildJob(BuildTools tools, BuildRecord build, BuildPlan plan);

    /// `done` is called once, when the store knows how it ended.
    void start(std::function<void()> done);
    /// Ends what runs; the build fails with `reason`.
    void cancel(const std::string &reason);
    [[nodiscard]] std::set<std::string> layers() const; ///< that it stands on or is making

private:
    template<typename T = void>
    using Awaitable = boost::asio::awaitable<Result<T>>;

    Awaitable<> work();
    Awaitable<> base();
    Awaitable<> imageBase();
    Awaitable<> step(const BuildStep &step);
    Awaitable<> runCommand(const BuildStep &step);
    Awaitable<> copyFiles(const BuildStep &step);
    Awaitable<> changeDirectory(const BuildStep &step);
    Result<> setVariables(const BuildStep &step);
    Result<> changeUser(const BuildStep &step);
    /// Runs `command` in a new sandbox and makes a layer of what it wrote. `archive`: put there first.
    Awaitable<> runInLayer(const std::string &command, const std::string &user, const std::string &archive);
    Awaitable<> keepLayer();
    Awaitable<> finalize();
    Awaitable<> waitUntilReady();
    Awaitable<> launch(SandboxLimits limits);
    [[nodiscard]] bool useCachedLayer();
    void addLayer(const std::string &layer);
    [[nodiscard]] Result<BuildSandbox::Command> command(const std::string &text, const std::string &user) const;
    [[nodiscard]] Environment variables() const;
    [[nodiscard]] std::string absolute(const std::string &path) const;
    [[nodiscard]] BuildSandbox::OnLines toLog(LogLevel ofStdout);
    void log(LogLevel level, std::string message);
    void ended(const Result<> &result);

    BuildTools m_tools;
    BuildRecord m_build;
    const BuildPlan m_plan;
    std::function<void()> m_done;

    Template m_made; ///< layers and defaults so far
    std::string m_key, m_step = "base", m_label = "[base] ";
    std::string m_making; ///< the layer that is being written
    BaseSystem m_system;  ///< that it stands on, when that is an image
    std::uint64_t m_fetch = 0;
    std::string m_lastLine; ///< of what the step wrote
    bool m_isForced = false;
    std::string m_cancelled; ///< why
    std::shared_ptr<std::atomic<bool>> m_stopsCopies = std::make_shared<std::atomic<bool>>(false);
    std::shared_ptr<BuildSandbox> m_sandbox;
    std::optional<BuildSandbox::Ended> m_startEnded; ///< of the start command
    boost::asio::steady_timer m_waiting, m_deadline;
};

} // namespace sandglass::engine
