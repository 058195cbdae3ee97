#include "services/engine/api/registry.h"

#include "services/core/ids.h"
#include "services/engine/api/enginelog.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/sandboxnetwork.h"
#include "services/engine/builds/startcommand.h"

#include <boost/asio/io_context.hpp>

#include <algorithm>

namespace sandglass::engine {

namespace {

/// Everything that runs in the sandbox ends for its listeners.
void closeStreams(const LiveSandbox &live)
{
    const Error killed{Error::Kind::Service, 502, "the sandbox was killed", "unavailable"};
    if (live.processes)
        live.processes->failAll(killed);
    if (live.interpreter)
        live.interpreter->shutDown();
}

} // namespace

SandboxRegistry::SandboxRegistry(boost::asio::io_context &io, SandboxHost &host, TemplateCatalog &catalog,
                                 EventStore &events, RegistryOptions options, std::function<void()> recorded)
    : m_io(io)
    , m_host(host)
    , m_catalog(catalog)
    , m_options(options)
    , m_recorder(events, std::move(recorded))
    , m_spare(io, host)
    , m_sampler(
          io, options.metricInterval, [this] { return all(); },
          [this] {
              m_activity.sample(runningCount(), systemNow());
              if (!m_sandboxes.empty())
                  m_recorder.touch();
          })
{}

SandboxRegistry::~SandboxRegistry()
{
    *m_alive = false;
}

void SandboxRegistry::prepareKernels()
{
    if (!m_options.preimport)
        return;
    m_host.onForkServer([](bool ready, const std::string &why) {
        if (ready)
            note(NoteLevel::Info, "Python kernels are forked from now on");
        else
            note(NoteLevel::Warning, "Python kernels start slowly for now: " + why);
    });
    for (const Template &blueprint : m_catalog.all())
        m_host.prepare(blueprint.layers, *m_options.preimport); // the same stack again changes nothing
}

Result<> SandboxRegistry::checkTimeout(std::int64_t seconds) const
{
    if (seconds <= 0)
        return refuse(400, "Timeout must be greater than 0");
    const std::int64_t most = m_options.maxTimeoutSeconds;
    if (seconds > most)
        return refuse(
            400,
            "Timeout cannot be greater than "
                + (most % 3600 == 0 ? std::to_string(most / 3600) + " hours" : std::to_string(most) + " seconds"));
    return {};
}

int SandboxRegistry::runningCount() const
{
    return static_cast<int>(m_launching.size())
        + static_cast<int>(std::count_if(m_sandboxes.begin(), m_sandboxes.end(), [](const auto &pair) {
               return pair.second->state != LiveSandbox::State::Paused;
           }));
}

Result<> SandboxRegistry::checkRoom() const
{
    if (runningCount() < m_options.maxSandboxes)
        return {};
    return refuse(429,
                  "you have reached the maximum number of concurrent E2B sandboxes ("
                      + std::to_string(m_options.maxSandboxes)
                      + "). If you need more, start the engine with a greater --max-sandboxes");
}

SandboxRegistry::LivePtr SandboxRegistry::find(std::string_view id) const
{
    const auto it = m_sandboxes.find(id.substr(0, id.find('-')));
    return it != m_sandboxes.end() ? it->second : nullptr;
}

std::shared_ptr<SandboxLog> SandboxRegistry::log(std::string_view id) const
{
    if (const LivePtr live = find(id))
        return live->log;
    const auto ended = std::find_if(m_endedLogs.begin(), m_endedLogs.end(),
                                    [&](const auto &each) { return each.first == id.substr(0, id.find('-')); });
    return ended != m_endedLogs.end() ? ended->second : nullptr;
}

std::vector<SandboxRegistry::LivePtr> SandboxRegistry::all() const
{
    std::vector<LivePtr> list;
    for (const auto &[id, live] : m_sandboxes)
        list.push_back(live);
    return list;
}

Result<> SandboxRegistry::setTimeout(const std::string &id, std::int64_t seconds, bool onlyExtend)
{
    const LivePtr live = find(id);
    if (!live || !live->isRunning())
        return failure(sandboxNotFound(id));
    if (auto fine = checkTimeout(seconds); !fine)
        return fine;
    const Timestamp end = systemNow() + std::chrono::seconds(seconds);
    if (onlyExtend && end <= live->endAt)
        return {};
    live->endAt = end;
    armDeadline(live);
    m_recorder.record(*live, kUpdated, {{"set_timeout", formatRfc3339(end, 9)}}, true);
    return {};
}

void SandboxRegistry::armDeadline(const LivePtr &live)
{
    live->deadline.expires_after(std::max<Timestamp::duration>(live->endAt - systemNow(), Timestamp::duration(0)));
    live->deadline.async_wait([this, alive = m_alive, id = live->id](const boost::system::error_code &error) {
        if (!error && *alive)
            deadlinePassed(id);
    });
}

void SandboxRegistry::deadlinePassed(const std::string &id)
{
    const LivePtr live = find(id);
    if (!live || !live->isRunning() || live->isBeingSaved) // saved() looks again
        return;
    if (live->endAt > systemNow()) // moved while this call was queued
        return armDeadline(live);
    if (!live->request.autoPause)
        return kill(id, "timeout", [](const Result<> &) {});
    pause(id, [this, alive = m_alive, id](const Result<> &done) {
        if (!done && *alive) // what cannot be frozen must not run on
            kill(id, "timeout", [](const Result<> &) {});
    });
}

// --- beginning, and end ---

void SandboxRegistry::create(CreateRequest request, Then<LivePtr> then)
{
    const Template *blueprint = m_catalog.find(request.templateReference);
    if (blueprint == nullptr)
        return then(refuse(404, "template '" + request.templateReference + "' not found"));
    createFrom(Template(*blueprint), std::move(request), std::move(then));
}

void SandboxRegistry::createFrom(const Template &blueprint, CreateRequest request, Then<LivePtr> then)
{
    if (const auto fine = checkTimeout(request.timeoutSeconds); !fine)
        return then(failure(fine.error()));
    if (m_closing)
        return then(refuse(503, "the engine is shutting down"));
    if (const auto room = checkRoom(); !room)
        return then(failure(room.error()));
    if (const auto resolved = resolveVolumes(request.volumeMounts); !resolved)
        return then(failure(resolved.error()));
    auto live = std::make_shared<LiveSandbox>(m_io);
    live->id = newSandboxId();
    live->executionId = newUuid();
    live->accessToken = newHexToken(32);
    live->blueprint = blueprint;
    live->request = std::move(request);
    if (!live->request.allowPublicTraffic)
        live->trafficToken = newHexToken(16);
    LaunchSpec spec;
    spec.sandboxId = live->id;
    spec.layers = blueprint.layers;
    spec.limits = blueprint.limits;
    spec.preimport = m_options.preimport;
    for (const VolumeMount &mount : live->request.volumeMounts)
        spec.volumes.push_back({mount.id, mount.path});
    const LaunchSpec kind = spec;
    m_launching.insert(live);
    const auto whenLaunched = [this, alive = m_alive, live, then = std::move(then)](auto sandbox) {
        if (*alive)
            launched(live, std::move(sandbox), then);
    };
    if (m_spare.take(spec, whenLaunched))
        live->id = spec.sandboxId;
    else
        m_host.launch(std::move(spec), whenLaunched);
    m_spare.keep(kind);
}

void SandboxRegistry::launched(const LivePtr &live, Result<std::shared_ptr<Sandbox>> sandbox, const Then<LivePtr> &then)
{
    m_launching.erase(live);
    if (!sandbox) {
        note(NoteLevel::Error, "A sandbox could not be started: " + sandbox.error().message);
        return then(failure(Error::Kind::Service, sandbox.error().message, 500, sandbox.error().code));
    }
    if (m_closing) {
        (*sandbox)->kill([keep = *sandbox] {});
        return then(refuse(503, "the engine is shutting down"));
    }
    settle(live, std::move(*sandbox));
    m_recorder.record(*live, kCreated, Json::object(), true);
    if (live->blueprint.defaults.startCommand.empty())
        return then(live);
    runStartCommand(m_io, live->processes, live->blueprint.defaults, [live, then] { then(live); });
}

void SandboxRegistry::settle(const LivePtr &live, std::shared_ptr<Sandbox> sandbox)
{
    live->sandbox = std::move(sandbox);
    live->startedAt = live->executionStartedAt = systemNow();
    live->endAt = live->startedAt + std::chrono::seconds(live->request.timeoutSeconds);
    Environment environment = live->request.environment, ofTemplate = live->blueprint.defaults.environment;
    environment.merge(ofTemplate); // what the request sets stays
    environment.merge(proxyEnvironment());
    live->processes = std::make_shared<ProcessTable>(m_io, live->sandbox, environment, live->log);
    if (auto defaults = processDefaults(live->blueprint.defaults))
        live->processes->setDefaults(std::move(*defaults));
    live->interpreter = std::make_shared<Interpreter>(m_io, live->sandbox, environment, live->log);
    live->sandbox->onExit([table = std::weak_ptr(live->processes)](int pid, const ExitStatus &status) {
        if (const auto processes = table.lock())
            processes->exited(pid, status);
    });
    live->sandbox->onGone([this, alive = m_alive, id = live->id](const std::string &) {
        if (*alive)
            gone(id, "unknown");
    });
    m_sandboxes[live->id] = live;
    m_activity.noteStart();
    m_catalog.noteSpawn(live->blueprint.buildId, live->startedAt);
    armDeadline(live);
    openEgress(m_io, live, m_secret);
    live->interpreter->warmUp();
}

void SandboxRegistry::setEgress(const std::string &id, EgressRules rules, Json network, Then<void> then)
{
    const LivePtr live = find(id);
    if (!live)
        return then(failure(sandboxNotFound(id)));
    if (!live->isRunning())
        return then(refuse(409, "sandbox '" + live->id + "' is not running"));
    Json summary = rules.toJson();
    replaceEgress(*live, std::move(rules), network);
    m_recorder.record(*live, kUpdated, {{"network_egress", std::move(summary)}}, true);
    then({});
}

void SandboxRegistry::gone(const std::string &id, const char *reason)
{
    const LivePtr live = find(id);
    if (!live)
        return;
    m_sandboxes.erase(live->id);
    live->deadline.cancel();
    live->egress.reset();
    Json data{{"kill_reason", reason}};
    if (live->state != LiveSandbox::State::Paused) // a pause has ended and told the execution already
        data["execution"] = executionJson(live->executionUntil(systemNow()));
    m_recorder.record(*live, kKilled, std::move(data), false);
    closeStreams(*live);
    m_endedLogs.emplace_back(live->id, live->log);
    if (m_endedLogs.size() > m_options.maxEndedLogs)
        m_endedLogs.pop_front();
}

void SandboxRegistry::kill(const std::string &id, const char *reason, Then<void> then)
{
    const LivePtr live = find(id);
    if (!live)
        return then(failure(sandboxNotFound(id)));
    gone(live->id, reason);
    live->sandbox->kill([live, then = std::move(then)] { then({}); });
}

void SandboxRegistry::killAll(const char *reason, std::function<void()> then)
{
    m_closing = true;
    m_spare.close();
    auto left = std::make_shared<std::size_t>(m_sandboxes.size());
    if (*left == 0)
        return then();
    for (const LivePtr &live : all()) {
        kill(live->id, reason, [left, then](const Result<> &) {
            if (--*left == 0)
                then();
        });
    }
}

void SandboxRegistry::saved(const std::string &id)
{
    if (const LivePtr live = find(id); live && live->isRunning())
        armDeadline(live);
}

void SandboxRegistry::noteCheckpoint(const std::string &id)
{
    if (const LivePtr live = find(id))
        m_recorder.record(*live, kCheckpointed, Json::object(), true);
}

Result<> SandboxRegistry::resolveVolumes(std::vector<VolumeMount> &mounts) const
{
    if (mounts.empty())
        return {};
    return m_resolveVolumes ? m_resolveVolumes(mounts) : refuse(400, "Volume mounts are not enabled.");
}

std::set<std::string> SandboxRegistry::volumesInUse(bool ofPausedOnes) const
{
    std::set<std::string> volumes;
    const auto add = [&volumes](const LiveSandbox &live) {
        for (const VolumeMount &mount : live.request.volumeMounts)
            volumes.insert(mount.id);
    };
    for (const auto &[id, live] : m_sandboxes) {
        if (ofPausedOnes || live->state != LiveSandbox::State::Paused)
            add(*live);
    }
    for (const LivePtr &live : m_launching)
        add(*live);
    return volumes;
}

std::set<std::string> SandboxRegistry::layersInUse() const
{
    std::set<std::string> layers;
    const auto add = [&layers](const LiveSandbox &live) {
        layers.insert(live.blueprint.layers.begin(), live.blueprint.layers.end());
    };
    for (const auto &[id, live] : m_sandboxes)
        add(*live);
    for (const LivePtr &live : m_launching)
        add(*live);
    return layers;
}

} // namespace sandglass::engine
