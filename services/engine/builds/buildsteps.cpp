// The steps of a build: what each of RUN, COPY, ENV, WORKDIR and USER does (e2b-protocol 6.2).

#include "services/engine/api/await.h"
#include "services/engine/builds/buildaccount.h"
#include "services/engine/builds/buildbase.h"
#include "services/engine/builds/buildjob.h"
#include "services/engine/builds/buildvariables.h"
#include "services/engine/builds/copyscript.h"
#include "services/engine/images/shellquoted.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace sandglass::engine {

namespace {

constexpr std::size_t kMostLayers = 60; ///< leaves room for snapshots of what is made from the template
constexpr int kStepMemoryMb = 2048;     ///< at least: installing takes more than running
constexpr std::int64_t kStepDiskMb = 8192;
constexpr std::size_t kMostShown = 300; ///< of a command in the reason

/// A step's writable layer is memory: no more than half of what the machine has.
int stepDiskMb()
{
    const std::int64_t half = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE) / 2 >> 20;
    return static_cast<int>(std::clamp<std::int64_t>(half, 512, kStepDiskMb));
}

SandboxLimits stepLimits(SandboxLimits limits)
{
    limits.memoryMb = std::max(limits.memoryMb, kStepMemoryMb);
    limits.diskMb = stepDiskMb();
    limits.maxProcesses = std::max(limits.maxProcesses, 512);
    return limits;
}

} // namespace

BuildJob::Awaitable<> BuildJob::step(const BuildStep &each)
{
    const Json said{{"arguments", each.arguments}, {"files", each.filesHash}};
    m_key = layerKey(m_key, each.text() + "\n" + dumpJson(said));
    m_isForced = m_isForced || each.force;
    const std::string text = m_label + each.text();
    switch (each.kind) {
    case BuildStep::Kind::Env:
        log(LogLevel::Info, text);
        co_return setVariables(each);
    case BuildStep::Kind::User:
        log(LogLevel::Info, text);
        co_return changeUser(each);
    default:
        break;
    }
    if (each.kind == BuildStep::Kind::Workdir)
        m_made.defaults.directory = resolvePath(absolute(each.arguments[0]), "/");
    if (useCachedLayer()) {
        log(LogLevel::Info, "CACHED " + text);
        co_return Result<>();
    }
    log(LogLevel::Info, text);
    if (m_made.layers.size() >= kMostLayers)
        co_return buildFailure("more than " + std::to_string(kMostLayers)
                               + " steps write files, counting those of the template below: join commands with &&");
    if (each.kind == BuildStep::Kind::Run)
        co_return co_await runCommand(each);
    if (each.kind == BuildStep::Kind::Copy)
        co_return co_await copyFiles(each);
    co_return co_await changeDirectory(each);
}

bool BuildJob::useCachedLayer()
{
    const auto known = m_isForced ? std::nullopt : m_tools.cache.find(m_key);
    if (!known)
        return false;
    if (known->empty())
        return true;
    struct stat status
    {};
    if (::stat(m_tools.layers.pathOf(*known).c_str(), &status) != 0)
        return false; // somebody removed it by hand
    addLayer(*known);
    return true;
}

void BuildJob::addLayer(const std::string &layer)
{
    m_made.layers.push_back(layer);
    m_key = layerKey(m_key, layer); // what comes after stands on this very layer, not on what the step says
}

Environment BuildJob::variables() const
{
    const auto account = buildAccount(m_made.defaults.user);
    return processEnvironment(account ? *account : SandboxUser{}, {}, m_made.defaults.environment);
}

/// A path of a step: variables and "~" replaced, else against the directory; a slash at its end stays.
std::string BuildJob::absolute(const std::string &path) const
{
    const Environment known = variables();
    const std::string expanded = expandVariables(path, known);
    if (expanded.starts_with('/'))
        return expanded;
    if (expanded == "~" || expanded.starts_with("~/"))
        return known.at("HOME") + expanded.substr(1);
    return m_made.defaults.directory + "/" + expanded;
}

Result<> BuildJob::setVariables(const BuildStep &each)
{
    for (std::size_t i = 0; i + 1 < each.arguments.size(); i += 2)
        m_made.defaults.environment[each.arguments[i]] = expandVariables(each.arguments[i + 1], variables());
    return {};
}

Result<> BuildJob::changeUser(const BuildStep &each)
{
    const std::string name = expandVariables(each.arguments[0], variables());
    const auto account = buildAccount(name);
    if (!account)
        return failure(account.error());
    m_made.defaults.user = account->name;
    return {};
}

Result<BuildSandbox::Command> BuildJob::command(const std::string &text, const std::string &user) const
{
    auto account = buildAccount(user);
    if (!account)
        return failure(account.error());
    return BuildSandbox::Command{text, std::move(*account), m_made.defaults.directory, m_made.defaults.environment};
}

BuildJob::Awaitable<> BuildJob::launch(SandboxLimits limits)
{
    auto sandbox = co_await BuildSandbox::launch(m_tools.io, m_tools.worker, m_tools.host, m_made.layers, limits);
    if (!sandbox)
        co_return buildFailure("no sandbox can be started: " + sandbox.error().message);
    m_sandbox = std::move(*sandbox);
    co_return m_cancelled.empty() ? Result<>() : buildFailure(m_cancelled);
}

BuildJob::Awaitable<> BuildJob::runCommand(const BuildStep &each)
{
    const std::string &user =
        each.arguments.size() > 1 && !each.arguments[1].empty() ? each.arguments[1] : m_made.defaults.user;
    co_return co_await runInLayer(each.arguments[0], user, {});
}

BuildJob::Awaitable<> BuildJob::copyFiles(const BuildStep &each)
{
    if (!m_tools.files.has(each.filesHash))
        co_return buildFailure("the files of this step were not uploaded");
    const auto argument = [&](std::size_t index) {
        return index < each.arguments.size() ? each.arguments[index] : std::string();
    };
    if (const auto owner = buildAccount(argument(2)); !owner)
        co_return failure(owner.error());
    CopyWish wish;
    wish.source = argument(0);
    wish.destination = absolute(argument(1));
    wish.mode = argument(3);
    const auto script = copyScript(wish);
    if (!script)
        co_return failure(script.error());
    // As root, tar and cp take rights for granted that this account has not.
    co_return co_await runInLayer(*script, kDefaultUser, m_tools.files.pathOf(each.filesHash));
}

BuildJob::Awaitable<> BuildJob::changeDirectory(const BuildStep & /*each*/)
{
    const std::string directory = m_made.defaults.directory;
    if (const Result<> begun = co_await launch(stepLimits(m_made.limits)); !begun)
        co_return begun;
    const Result<bool> isThere = co_await m_sandbox->isDirectory(directory);
    if (!isThere)
        co_return buildFailure("cannot look at " + directory + ": " + isThere.error().message);
    if (*isThere) {
        m_sandbox.reset();
        m_tools.cache.put(m_key, {}, 0);
        co_return Result<>();
    }
    const std::string path = shellQuoted(directory);
    m_made.defaults.directory = "/"; // the command cannot begin where nothing is yet
    const Result<> done = co_await runInLayer("mkdir -p " + path, kDefaultUser, {});
    m_made.defaults.directory = directory;
    co_return done;
}

BuildJob::Awaitable<> BuildJob::runInLayer(const std::string &text, const std::string &user, const std::string &archive)
{
    auto wish = command(text, user);
    if (!wish)
        co_return failure(wish.error());
    if (const Result<> begun = co_await launch(stepLimits(m_made.limits)); !begun)
        co_return begun;
    if (!archive.empty()) {
        wish->directory = "/";
        if (const Result<> done = co_await m_sandbox->put(archive, kCopyArchive); !done)
            co_return buildFailure("cannot hand the files over: " + done.error().message);
    }
    const Result<BuildSandbox::Ended> done = co_await m_sandbox->run(std::move(*wish), toLog(LogLevel::Info));
    if (!done)
        co_return buildFailure("failed to run the command: " + done.error().message);
    if (done->status != 0)
        co_return buildFailure((archive.empty() ? "failed to run command '" + text.substr(0, kMostShown) + "': "
                                                : std::string("failed to copy files: "))
                               + exitText(*done, m_lastLine) + hintFor(text, m_made.layers));
    co_return co_await keepLayer();
}

BuildJob::Awaitable<> BuildJob::keepLayer()
{
    m_making = m_tools.layers.newName();
    LayerLimits limits;
    limits.bytes = std::int64_t{stepDiskMb()} << 20;
    const Result<LayerSize> size = co_await m_sandbox->save(m_tools.layers.pathOf(m_making), limits, m_stopsCopies);
    m_sandbox.reset();
    if (!size)
        co_return buildFailure("what the step wrote cannot be kept: " + size.error().message);
    const std::string layer = size->entries == 0 ? std::string() : std::exchange(m_making, {});
    m_making.clear();
    m_tools.cache.put(m_key, layer, size->bytes);
    if (!layer.empty())
        addLayer(layer);
    co_return Result<>();
}

} // namespace sandglass::engine
