#include "services/engine/builds/buildjob.h"

#include "services/engine/api/await.h"
#include "services/engine/api/errors.h"
#include "services/engine/builds/buildbase.h"
#include "services/engine/images/imagename.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>

namespace sandglass::engine {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::hours kLongestBuild{2};
constexpr std::chrono::milliseconds kFirstReadyInterval{100}, kReadyInterval{2'000};
constexpr std::chrono::minutes kReadyPatience{10};
constexpr std::size_t kMostShown = 300; ///< of a step's last line in the reason

} // namespace

tl::unexpected<Error> buildFailure(std::string message)
{
    return failure(Error::Kind::Service, std::move(message));
}

std::string exitText(const BuildSandbox::Ended &ended, const std::string &lastLine)
{
    std::string text = "exit status " + std::to_string(ended.status);
    if (!ended.reason.empty())
        text += " (" + ended.reason + ")";
    if (!lastLine.empty())
        text += ": " + lastLine.substr(0, kMostShown);
    return text;
}

BuildJob::BuildJob(BuildTools tools, BuildRecord build, BuildPlan plan)
    : m_tools(std::move(tools))
    , m_build(std::move(build))
    , m_plan(std::move(plan))
    , m_made(m_build.blueprint)
    , m_isForced(m_plan.force)
    , m_waiting(m_tools.io)
    , m_deadline(m_tools.io)
{}

void BuildJob::start(std::function<void()> done)
{
    m_done = std::move(done);
    m_deadline.expires_after(kLongestBuild);
    m_deadline.async_wait([weak = weak_from_this()](const boost::system::error_code &error) {
        if (const auto self = weak.lock(); self && !error)
            self->cancel("the build took longer than " + std::to_string(kLongestBuild.count()) + " hours");
    });
    asio::co_spawn(m_tools.io, work(), [self = shared_from_this()](const std::exception_ptr &thrown, Result<> result) {
        try {
            if (thrown)
                std::rethrow_exception(thrown);
        } catch (const std::exception &exception) {
            result = buildFailure(exception.what());
        }
        self->ended(result);
    });
}

void BuildJob::cancel(const std::string &reason)
{
    m_cancelled = reason;
    *m_stopsCopies = true;
    m_waiting.cancel();
    m_tools.images.cancel(m_fetch);
    if (m_sandbox)
        m_sandbox->kill();
}

std::set<std::string> BuildJob::layers() const
{
    std::set<std::string> all(m_made.layers.begin(), m_made.layers.end());
    if (!m_making.empty())
        all.insert(m_making);
    return all;
}

void BuildJob::ended(const Result<> &result)
{
    m_deadline.cancel();
    m_sandbox.reset();
    const std::string buildId = m_build.blueprint.buildId;
    Result<> kept = result;
    if (!m_cancelled.empty())
        kept = buildFailure(m_cancelled);
    if (kept) {
        log(LogLevel::Info, "Build finished");
        kept = m_tools.store.finish(m_build, m_made);
    }
    if (!kept) {
        log(LogLevel::Error, "Build failed: " + kept.error().message);
        (void)m_tools.store.fail(buildId, kept.error().message, m_step); // a removed template has no row any more
    }
    m_making.clear();
    m_done();
}

void BuildJob::log(LogLevel level, std::string message)
{
    if (m_cancelled.empty())
        m_tools.logs.add(m_build.blueprint.buildId, {{systemNow(), level, std::move(message), m_step}});
}

BuildSandbox::OnLines BuildJob::toLog(LogLevel ofStdout)
{
    return [weak = weak_from_this(), ofStdout, step = m_step,
            label = m_label](const std::vector<BuildSandbox::Line> &lines) {
        const auto self = weak.lock();
        if (!self || !self->m_cancelled.empty())
            return;
        const bool isFull = self->m_tools.logs.isFull(self->m_build.blueprint.buildId);
        std::vector<BuildLogEntry> entries;
        for (const BuildSandbox::Line &line : lines) {
            const bool isError = line.source == BuildSandbox::Output::Stderr;
            if (line.text.find_first_not_of(" \t") != std::string::npos)
                self->m_lastLine = line.text;
            if (isFull)
                continue;
            entries.push_back({systemNow(), isError ? std::max(ofStdout, LogLevel::Info) : ofStdout,
                               label + (isError ? "[stderr]: " : "[stdout]: ") + line.text, step});
        }
        self->m_tools.logs.add(self->m_build.blueprint.buildId, std::move(entries));
    };
}

BuildJob::Awaitable<> BuildJob::work()
{
    const auto self = shared_from_this();
    if (const Result<> begun = co_await base(); !begun)
        co_return failure(begun.error());
    const std::string count = std::to_string(m_plan.steps.size());
    std::size_t number = 0;
    for (const BuildStep &each : m_plan.steps) {
        m_step = std::to_string(++number);
        m_label = "[builder " + m_step + "/" + count + "] ";
        m_lastLine.clear();
        const Result<> done = co_await step(each);
        if (!done || !m_cancelled.empty())
            co_return done;
    }
    m_step = "finalize";
    m_label = "[finalize] ";
    co_return co_await finalize();
}

BuildJob::Awaitable<> BuildJob::base()
{
    if (!m_plan.fromTemplate.empty()) {
        log(LogLevel::Info, "[base] FROM TEMPLATE " + m_plan.fromTemplate);
        const Template *source = m_tools.catalog.find(m_plan.fromTemplate);
        if (source == nullptr)
            co_return buildFailure("template '" + m_plan.fromTemplate + "' not found");
        m_made.layers = source->layers;
        m_made.defaults = source->defaults;
        m_key = layerKey("template", source->buildId);
        co_return Result<>();
    }
    log(LogLevel::Info, "[base] FROM " + (m_plan.fromImage.empty() ? std::string("e2bdev/base") : m_plan.fromImage));
    if (!isHostBase(m_plan.fromImage))
        co_return co_await imageBase();
    m_made.layers = {"base"};
    m_made.defaults = {};
    m_key = layerKey("base", hostBaseStamp(m_tools.stateDirectory));
    co_return Result<>();
}

BuildJob::Awaitable<> BuildJob::imageBase()
{
    auto system = co_await answerOf<BaseSystem>([this](BaseImages::Then then) {
        const auto onLine = [weak = weak_from_this()](const std::string &line) {
            if (const auto self = weak.lock())
                self->log(LogLevel::Info, self->m_label + line);
        };
        m_fetch = m_tools.images.fetch({m_plan.fromImage, m_plan.login, m_isForced}, onLine, std::move(then));
    });
    if (!system)
        co_return failure(system.error());
    m_system = std::move(*system);
    m_made.layers = {m_system.layer};
    m_made.defaults = {};
    m_made.defaults.environment = m_system.settings.environment;
    m_key = layerKey("image", m_system.layer);
    co_return Result<>();
}

BuildJob::Awaitable<> BuildJob::finalize()
{
    TemplateDefaults &defaults = m_made.defaults;
    if (!m_plan.startCommand.empty()) { // else both are those of the template below
        defaults.startCommand = m_plan.startCommand;
        defaults.readyCommand.clear();
    }
    if (!m_plan.readyCommand.empty())
        defaults.readyCommand = m_plan.readyCommand;
    if (!defaults.startCommand.empty() && defaults.readyCommand.empty())
        defaults.readyCommand = "sleep 20";
    if (defaults.readyCommand.empty())
        co_return Result<>();
    if (const Result<> begun = co_await launch(m_made.limits); !begun)
        co_return begun;
    if (!defaults.startCommand.empty()) {
        log(LogLevel::Info, m_label + "Running start command: " + defaults.startCommand);
        auto wish = command(defaults.startCommand, defaults.user);
        if (!wish)
            co_return failure(wish.error());
        std::function<void(BuildSandbox::Ended)> onEnd = [weak = weak_from_this()](const BuildSandbox::Ended &ended) {
            if (const auto self = weak.lock())
                self->m_startEnded = ended;
        };
        const Result<> begun = co_await m_sandbox->begin(std::move(*wish), toLog(LogLevel::Info), std::move(onEnd));
        if (!begun)
            co_return buildFailure("failed to run the start command: " + begun.error().message);
    }
    const Result<> ready = co_await waitUntilReady();
    m_sandbox.reset();
    co_return ready;
}

BuildJob::Awaitable<> BuildJob::waitUntilReady()
{
    const TemplateDefaults &defaults = m_made.defaults;
    log(LogLevel::Info, m_label + "Waiting until ready: " + defaults.readyCommand);
    const auto until = std::chrono::steady_clock::now() + kReadyPatience;
    auto interval = kFirstReadyInterval;
    for (;;) {
        auto wish = command(defaults.readyCommand, defaults.user);
        if (!wish)
            co_return failure(wish.error());
        const Result<BuildSandbox::Ended> done = co_await m_sandbox->run(std::move(*wish), toLog(LogLevel::Debug));
        if (m_startEnded && m_startEnded->status != 0)
            co_return buildFailure("the start command failed: " + exitText(*m_startEnded, m_lastLine));
        if (!done)
            co_return buildFailure("failed to run the ready command: " + done.error().message);
        if (done->status == 0)
            break;
        if (std::chrono::steady_clock::now() >= until)
            co_return buildFailure("the ready command timed out: it still ends with " + exitText(*done, m_lastLine));
        m_waiting.expires_after(interval);
        interval = std::min(interval * 2, kReadyInterval);
        co_await m_waiting.async_wait(asio::as_tuple(asio::use_awaitable));
        if (!m_cancelled.empty())
            co_return buildFailure(m_cancelled);
    }
    log(LogLevel::Info, m_label + "Template is ready");
    co_return Result<>();
}

} // namespace sandglass::engine
