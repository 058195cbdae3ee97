#include "services/engine/api/snapshots.h"

#include "services/core/ids.h"
#include "services/engine/api/errors.h"
#include "services/engine/templates/layercopy.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace sandglass::engine {

namespace {

/// Before each further try to let the processes of a sandbox go on.
constexpr std::array<std::chrono::milliseconds, 3> kResumePauses{
    std::chrono::milliseconds(50), std::chrono::milliseconds(200), std::chrono::milliseconds(800)};
constexpr std::size_t kMostLayers = 64; ///< their names have to fit into one page of mount options

LayerLimits limitsFor(const SandboxLimits &limits)
{
    LayerLimits allowed;
    allowed.bytes = std::int64_t{limits.diskMb} << 20;
    return allowed;
}

int statusOf(const Error &error)
{
    if (error.status != 0)
        return error.status;
    if (error.code == "unimplemented")
        return 501;
    return error.code == "resource_exhausted" ? 507 : 500;
}

} // namespace

Snapshots::Snapshots(boost::asio::io_context &io, SandboxRegistry &registry, TemplateCatalog &catalog,
                     SnapshotStore &store, LayerStore layers)
    : m_io(io), m_registry(registry), m_catalog(catalog), m_store(store), m_layers(std::move(layers))
{
    publish();
    sweep(); // what an engine that was killed has left
}

Snapshots::~Snapshots()
{
    *m_alive = false;
    m_isCancelled = true;
}

/// Sandboxes can be created from them.
void Snapshots::publish()
{
    std::vector<Template> templates;
    for (const Snapshot &snapshot : m_store.all()) {
        templates.push_back(snapshot.blueprint);
        templates.back().tag = snapshot.tag;
    }
    m_catalog.setSnapshots(std::move(templates));
}

/// The source stands still until its files are copied. `then` gets the new layer's name, which is pinned.
void Snapshots::saveLayer(const LivePtr &live, Then<Saved> then)
{
    if (live->isBeingSaved || (!live->isRunning() && live->state != LiveSandbox::State::Paused))
        return then(refuse(409, "sandbox '" + live->id + "' is being paused, resumed or saved"));
    if (live->blueprint.layers.size() >= kMostLayers)
        return then(refuse(400,
                           "sandbox '" + live->id + "' stands on " + std::to_string(kMostLayers)
                               + " snapshots already, one upon the other"));
    live->isBeingSaved = true;
    const auto open = [this, alive = m_alive, live, then = std::move(then)](const Result<> &stopped) {
        if (!*alive)
            return;
        if (!stopped)
            return copy(live, failure(stopped.error()), then);
        live->sandbox->writableLayer([this, alive, live, then](Result<UniqueFd> upper) {
            if (*alive)
                copy(live, std::move(upper), then);
        });
    };
    if (live->isRunning())
        live->sandbox->pause(open);
    else
        open({});
}

void Snapshots::copy(const LivePtr &live, Result<UniqueFd> upper, Then<Saved> then)
{
    if (!upper)
        return copied(live, {}, failure(upper.error()), std::move(then));
    const std::string layer = m_layers.newName();
    m_pinned.insert(layer);
    m_copying.post([this, alive = m_alive, live, layer, then = std::move(then), path = m_layers.pathOf(layer),
                    limits = limitsFor(live->blueprint.limits),
                    fd = std::make_shared<UniqueFd>(std::move(*upper))]() mutable {
        const auto size = copyLayer(fd->get(), path, limits, m_isCancelled);
        fd->reset(); // it holds the sandbox's memory
        boost::asio::post(m_io, [this, alive, live, layer, then = std::move(then), size] {
            if (*alive)
                copied(live, layer, size ? Result<>() : failure(size.error()), then);
        });
    });
}

void Snapshots::copied(const LivePtr &live, const std::string &layer, Result<> done, Then<Saved> then)
{
    const auto finish = [this, live, layer, done = std::move(done), then = std::move(then)](std::optional<Error> lost) {
        live->isBeingSaved = false;
        m_registry.saved(live->id);
        if (done)
            return then(Saved{layer, std::move(lost)});
        m_pinned.erase(layer);
        sweep();
        std::string text = "the sandbox cannot be saved: " + done.error().message;
        if (lost)
            text += "; " + lost->message;
        then(failure(Error::Kind::Service, std::move(text), statusOf(done.error())));
    };
    if (live->isRunning())
        letGoOn(live, 0, finish);
    else
        finish(std::nullopt);
}

void Snapshots::letGoOn(const LivePtr &live, std::size_t tries, std::function<void(std::optional<Error>)> then)
{
    if (!m_registry.find(live->id)) // killed meanwhile
        return then(std::nullopt);
    live->sandbox->resume([this, alive = m_alive, live, tries, then = std::move(then)](const Result<> &done) {
        if (!*alive)
            return;
        if (done || !m_registry.find(live->id))
            return then(std::nullopt);
        if (tries < kResumePauses.size()) {
            const auto timer = std::make_shared<boost::asio::steady_timer>(m_io, kResumePauses[tries]);
            timer->async_wait([this, alive, live, tries, then, timer](const boost::system::error_code &error) {
                if (!error && *alive)
                    letGoOn(live, tries + 1, then);
            });
            return;
        }
        // It would be told as running and do nothing.
        Error lost{Error::Kind::Service,
                   500,
                   "sandbox '" + live->id + "' could not be let go on and was ended: " + done.error().message,
                   {}};
        m_registry.kill(live->id, "resume_failed", [](const Result<> &) {});
        then(std::move(lost));
    });
}

void Snapshots::take(const std::string &sandboxId, const std::string &name, Then<Snapshot> then)
{
    const LivePtr live = m_registry.find(sandboxId);
    if (!live)
        return then(failure(sandboxNotFound(sandboxId)));
    Snapshot snapshot;
    if (!name.empty()) {
        auto reference = parseReference(name);
        if (!reference)
            return then(failure(reference.error()));
        const Template *taken = m_catalog.find(reference->name);
        if (taken != nullptr && !taken->isSnapshot)
            return then(refuse(400, "'" + reference->name + "' is the name of a template"));
        snapshot.blueprint.name = reference->name;
        snapshot.tag = reference->tag.value_or(snapshot.tag);
    }
    saveLayer(live, [this, live, snapshot = std::move(snapshot), then = std::move(then)](Result<Saved> saved) {
        if (!saved)
            return then(failure(saved.error()));
        Result<Snapshot> kept = keep(live, saved->layer, snapshot);
        if (!saved->lost)
            return then(std::move(kept));
        Error lost = *saved->lost;
        if (kept)
            lost.message += "; its files are kept in the snapshot " + kept->id();
        then(failure(std::move(lost)));
    });
}

Result<Snapshot> Snapshots::keep(const LivePtr &live, const std::string &layer, Snapshot snapshot)
{
    Template &blueprint = snapshot.blueprint;
    blueprint.id = newTemplateId();
    blueprint.buildId = newUuid();
    blueprint.limits = live->blueprint.limits;
    blueprint.layers = live->blueprint.layers;
    blueprint.layers.push_back(layer);
    blueprint.defaults = live->blueprint.defaults;
    blueprint.createdAt = systemNow();
    snapshot.sandboxId = live->id;
    const std::string buildId = blueprint.buildId;
    const Result<> added = m_store.add(std::move(snapshot));
    m_pinned.erase(layer);
    if (!added) {
        sweep();
        return failure(added.error());
    }
    publish();
    sweep(); // it may have replaced another
    m_registry.noteCheckpoint(live->id);
    const auto kept =
        std::ranges::find(m_store.all(), buildId, [](const Snapshot &each) { return each.blueprint.buildId; });
    return kept != m_store.all().end() ? Result<Snapshot>(*kept) : refuse(500, "the snapshot was not kept");
}

struct Snapshots::Forking
{
    std::vector<Result<LivePtr>> results;
    std::size_t missing = 0;
    Then<std::vector<Result<LivePtr>>> then;
};

void Snapshots::fork(const std::string &sandboxId, std::int64_t timeoutSeconds, int count,
                     Then<std::vector<Result<LivePtr>>> then)
{
    const LivePtr live = m_registry.find(sandboxId);
    if (!live)
        return then(failure(sandboxNotFound(sandboxId)));
    saveLayer(live, [this, live, timeoutSeconds, count, then = std::move(then)](Result<Saved> saved) {
        if (!saved)
            return then(failure(saved.error()));
        const std::string &layer = saved->layer;
        if (saved->lost) {
            m_pinned.erase(layer);
            sweep();
            return then(failure(*saved->lost));
        }
        m_registry.noteCheckpoint(live->id);
        Template blueprint = live->blueprint;
        blueprint.layers.push_back(layer);
        CreateRequest request = live->request;
        request.timeoutSeconds = timeoutSeconds;
        const auto forking = std::make_shared<Forking>();
        forking->missing = static_cast<std::size_t>(count);
        forking->results.resize(forking->missing, Result<LivePtr>(refuse(500, "not started")));
        forking->then = then;
        for (std::size_t i = 0; i < forking->results.size(); ++i) {
            m_registry.createFrom(blueprint, request, [this, alive = m_alive, forking, i, name = layer](auto created) {
                forking->results[i] = std::move(created);
                if (--forking->missing > 0 || !*alive)
                    return;
                m_pinned.erase(name);
                sweep();
                forking->then(std::move(forking->results));
            });
        }
    });
}

Result<bool> Snapshots::remove(const std::string &reference)
{
    const auto wanted = parseReference(reference);
    if (!wanted)
        return false;
    auto removed = m_store.remove(*wanted);
    publish();
    sweep();
    return removed;
}

void Snapshots::sweep()
{
    std::set<std::string> needed = m_pinned;
    for (const Snapshot &snapshot : m_store.all())
        needed.insert(snapshot.blueprint.layers.begin(), snapshot.blueprint.layers.end());
    needed.merge(m_registry.layersInUse());
    for (const std::string &name : m_layers.names()) {
        if (!needed.contains(name))
            m_copying.post([layers = m_layers, name] { layers.remove(name); });
    }
}

} // namespace sandglass::engine
