#include "services/engine/api/registry.h"

#include "services/core/ids.h"
#include "services/engine/api/enginelog.h"
#include "services/engine/api/errors.h"

#include <boost/asio/io_context.hpp>

#include <algorithm>

namespace sandglass::engine {

namespace {

constexpr const char *kCreated = "sandbox.lifecycle.created", *kResumed = "sandbox.lifecycle.resumed",
                     *kPaused = "sandbox.lifecycle.paused", *kKilled = "sandbox.lifecycle.killed",
                     *kUpdated = "sandbox.lifecycle.updated", *kCheckpointed = "sandbox.lifecycle.checkpointed";

/// Everything that runs in the sandbox ends for its listeners.
void closeStreams(const LiveSandbox &live)
{
    const Error killed{Error::Kind::Service, 502, "the sandbox was killed", "unavailable"};
    if (live.processes)
        live.processes->failAll(killed);
    if (live.interpreter)
        live.interpreter->shutDown();
}

/// What a transition is called in the sandbox's own log.
std::string logText(const LiveSandbox &live, std::string_view type, const Json &data)
{
    if (type == kCreated)
        return "Sandbox created from " + (live.blueprint.name.empty() ? live.blueprint.id : live.blueprint.name);
    if (type == kResumed)
        return "Sandbox resumed";
    if (type == kPaused)
        return "Sandbox paused";
    if (type == kKilled)
        return "Sandbox killed: " + stringOr(data, "kill_reason");
    if (type == kCheckpointed)
        return "Files saved: what runs here is not part of the copy";
    if (data.contains("network_egress"))
        return "Network rules changed";
    return "Timeout set to " + stringOr(data, "set_timeout").substr(0, 19) + "Z"; // whole seconds
}

/// Programs find their way out by these.
Environment proxyEnvironment()
{
    const std::string proxy = "http://127.0.0.1:" + std::to_string(kEgressPort);
    const std::string here = "localhost,127.0.0.1,::1";
    return {{"http_proxy", proxy}, {"https_proxy", proxy}, {"no_proxy", here},
            {"HTTP_PROXY", proxy}, {"HTTPS_PROXY", proxy}, {"NO_PROXY", here}};
}

Json withMetadata(Json data, const std::map<std::string, std::string> &metadata)
{
    if (!metadata.empty())
        data["sandbox_metadata"] = metadata;
    return data;
}

} // namespace

SandboxRegistry::SandboxRegistry(boost::asio::io_context &io, SandboxHost &host, TemplateCatalog &catalog,
                                 EventStore &events, RegistryOptions options, std::function<void()> recorded)
    : m_io(io)
    , m_host(host)
    , m_catalog(catalog)
    , m_events(events)
    , m_options(options)
    , m_recorded(std::move(recorded))
    , m_spare(io, host)
    , m_sampling(io)
{
    sample();
}

SandboxRegistry::~SandboxRegistry()
{
    *m_alive = false;
}

void SandboxRegistry::recordOrphans()
{
    const auto traces = m_events.traces();
    if (!traces.empty())
        note(NoteLevel::Warning,
             "The engine before this one was ended in the middle of its work; so were its sandboxes",
             {{"sandboxes", traces.size()}});
    for (const SandboxTrace &trace : traces) {
        Json data = withMetadata({{"kill_reason", "orphaned"}}, trace.metadata);
        if (!trace.paused) {
            ExecutionSpan span = trace.execution;
            const auto length = std::chrono::floor<std::chrono::milliseconds>(trace.lastSeen - span.startedAt);
            span.milliseconds = std::max<std::int64_t>(length.count(), 0);
            data["execution"] = executionJson(span);
        }
        const LifecycleRecord event{newUuid(),       kKilled,           systemNow(),
                                    trace.sandboxId, trace.executionId, trace.templateId,
                                    trace.buildId,   m_events.teamId(), std::move(data)};
        if (const auto done = m_events.append(event, {}); !done)
            note(NoteLevel::Error, done.error().message, {{"sandbox", trace.sandboxId}});
    }
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

void SandboxRegistry::record(const LiveSandbox &live, const char *type, Json data, bool livesOn)
{
    const std::string text = logText(live, type, data);
    live.log->add({{}, LogLevel::Info, "system", type, 0, text});
    note(NoteLevel::Info, text, {{"sandbox", live.id}});
    const Timestamp now = systemNow();
    const LifecycleRecord event{newUuid(),
                                type,
                                now,
                                live.id,
                                live.executionId,
                                live.blueprint.id,
                                live.blueprint.buildId,
                                m_events.teamId(),
                                withMetadata(std::move(data), live.request.metadata)};
    const auto trace = livesOn ? std::optional(live.trace(now)) : std::nullopt;
    if (const auto done = m_events.append(event, trace); !done)
        note(NoteLevel::Error, done.error().message, {{"sandbox", live.id}});
    m_recorded();
}

Result<> SandboxRegistry::checkTimeout(std::int64_t seconds) const
{
    if (seconds <= 0)
        return refuse(400, "Timeout must be greater than 0");
    if (seconds > m_options.maxTimeoutSeconds)
        return refuse(
            400, "Timeout cannot be greater than " + std::to_string(m_options.maxTimeoutSeconds / 3600) + " hours");
    return {};
}

int SandboxRegistry::runningCount() const
{
    return static_cast<int>(m_launching.size())
        + static_cast<int>(std::count_if(m_sandboxes.begin(), m_sandboxes.end(), [](const auto &pair) {
               return pair.second->state != LiveSandbox::State::Paused;
           }));
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
    record(*live, kUpdated, {{"set_timeout", formatRfc3339(end, 9)}}, true);
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

void SandboxRegistry::sample()
{
    m_sampling.expires_after(m_options.metricInterval);
    m_sampling.async_wait([this, alive = m_alive](const boost::system::error_code &error) {
        if (error || !*alive)
            return;
        for (const LivePtr &live : all()) {
            if (!live->isRunning())
                continue;
            live->sandbox->usage([this, alive, live](const Result<ResourceUsage> &usage) {
                if (*alive)
                    keepSample(live, usage);
            });
        }
        if (!m_sandboxes.empty())
            m_events.touchSandboxes(systemNow());
        sample();
    });
}

void SandboxRegistry::keepSample(const LivePtr &live, const Result<ResourceUsage> &usage)
{
    if (!usage)
        return;
    live->metrics.push_back({systemNow(), *usage});
    while (live->metrics.size() > m_options.maxMetrics)
        live->metrics.pop_front();
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
    if (runningCount() >= m_options.maxSandboxes) {
        return then(refuse(429,
                           "you have reached the maximum number of concurrent sandboxes ("
                               + std::to_string(m_options.maxSandboxes) + ")"));
    }
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
    record(*live, kCreated, Json::object(), true);
    then(live);
}

void SandboxRegistry::settle(const LivePtr &live, std::shared_ptr<Sandbox> sandbox)
{
    live->sandbox = std::move(sandbox);
    live->startedAt = live->executionStartedAt = systemNow();
    live->endAt = live->startedAt + std::chrono::seconds(live->request.timeoutSeconds);
    Environment environment = live->request.environment;
    environment.merge(proxyEnvironment()); // what the request sets stays
    live->processes = std::make_shared<ProcessTable>(m_io, live->sandbox, environment, live->log);
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
    m_catalog.noteSpawn(live->blueprint.buildId, live->startedAt);
    armDeadline(live);
    openEgress(live);
    live->interpreter->warmUp();
}

void SandboxRegistry::openEgress(const LivePtr &live)
{
    live->sandbox->listenPort(kEgressPort, [this, alive = m_alive, weak = std::weak_ptr(live)](Result<UniqueFd> fd) {
        const LivePtr self = weak.lock();
        if (!*alive || !self)
            return;
        if (!fd) {
            self->log->add({{}, LogLevel::Warn, "system", "network", 0, "No way out: " + fd.error().message});
            return;
        }
        const auto refused = [log = self->log](const std::string &target, const std::string &reason) {
            log->add({{}, LogLevel::Warn, "system", "network", 0, "Connection to " + target + " refused: " + reason});
        };
        self->egress = std::make_unique<EgressProxy>(m_io, std::move(*fd), self->request.egress, refused);
    });
}

void SandboxRegistry::setEgress(const std::string &id, EgressRules rules, Json network, Then<void> then)
{
    const LivePtr live = find(id);
    if (!live)
        return then(failure(sandboxNotFound(id)));
    if (!live->isRunning())
        return then(refuse(409, "sandbox '" + live->id + "' is not running"));
    Json &told = live->request.network;
    if (!told.is_object())
        told = Json::object();
    for (const char *name : {"allowOut", "denyOut", "egressProxy", "rules"}) {
        told.erase(name);
        if (network.contains(name))
            told[name] = network[name];
    }
    live->request.egress = rules;
    Json summary = rules.toJson();
    if (live->egress)
        live->egress->setRules(std::move(rules));
    record(*live, kUpdated, {{"network_egress", std::move(summary)}}, true);
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
    record(*live, kKilled, std::move(data), false);
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
        record(*live, kCheckpointed, Json::object(), true);
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

// --- pause and resume ---

void SandboxRegistry::pause(const std::string &id, Then<void> then)
{
    const LivePtr live = find(id);
    if (!live)
        return then(failure(sandboxNotFound(id)));
    if (!live->isRunning())
        return then(refuse(409, "Error pausing sandbox - sandbox '" + live->id + "' is already paused"));
    if (live->isBeingSaved)
        return then(refuse(409, "sandbox '" + live->id + "' is being saved"));
    live->state = LiveSandbox::State::Pausing;
    live->deadline.cancel();
    const Timestamp former = live->endAt, now = systemNow();
    live->endAt = now;
    live->sandbox->pause([this, alive = m_alive, live, former, now, then = std::move(then)](const Result<> &done) {
        if (*alive)
            paused(live, now, former, done, then);
    });
}

void SandboxRegistry::paused(const LivePtr &live, Timestamp when, Timestamp former, const Result<> &done,
                             const Then<void> &then)
{
    if (!find(live->id)) // killed meanwhile
        return then(failure(sandboxNotFound(live->id)));
    if (!done) {
        live->state = LiveSandbox::State::Running;
        live->endAt = former;
        armDeadline(live);
        return then(failure(Error::Kind::Service, done.error().message, 500));
    }
    live->state = LiveSandbox::State::Paused;
    record(*live, kPaused, {{"execution", executionJson(live->executionUntil(when))}}, true);
    then({});
}

void SandboxRegistry::connect(const std::string &id, std::int64_t timeoutSeconds, Then<Connected> then)
{
    const LivePtr live = find(id);
    if (!live)
        return then(failure(sandboxNotFound(id)));
    if (const auto fine = checkTimeout(timeoutSeconds); !fine)
        return then(failure(fine.error()));
    if (live->isRunning()) {
        if (const auto extended = setTimeout(id, timeoutSeconds, true); !extended)
            return then(failure(extended.error()));
        return then(Connected{live, false});
    }
    if (live->state != LiveSandbox::State::Paused || live->isBeingSaved)
        return then(refuse(409, "sandbox '" + live->id + "' is being paused, resumed or saved"));
    if (runningCount() >= m_options.maxSandboxes) {
        return then(refuse(429,
                           "you have reached the maximum number of concurrent sandboxes ("
                               + std::to_string(m_options.maxSandboxes) + ")"));
    }
    resume(live, timeoutSeconds, std::move(then));
}

void SandboxRegistry::resume(const LivePtr &live, std::int64_t timeoutSeconds, Then<Connected> then)
{
    live->state = LiveSandbox::State::Resuming;
    live->sandbox->resume([this, alive = m_alive, live, timeoutSeconds, then = std::move(then)](const Result<> &done) {
        if (!*alive)
            return;
        if (!find(live->id))
            return then(failure(sandboxNotFound(live->id)));
        if (!done) {
            live->state = LiveSandbox::State::Paused;
            return then(failure(Error::Kind::Service, done.error().message, 500));
        }
        live->state = LiveSandbox::State::Running;
        live->executionId = newUuid();
        live->executionStartedAt = systemNow();
        live->endAt = live->executionStartedAt + std::chrono::seconds(timeoutSeconds);
        armDeadline(live);
        record(*live, kResumed, Json::object(), true);
        then(Connected{live, true});
    });
}

} // namespace sandglass::engine
