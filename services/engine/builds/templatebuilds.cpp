#include "services/engine/builds/templatebuilds.h"

#include "services/engine/api/errors.h"
#include "services/engine/api/registry.h"
#include "services/engine/broker/names.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace sandglass::engine {

namespace {

constexpr std::size_t kMostBuilds = 20;
constexpr std::int64_t kMostCached = 10LL << 30; ///< bytes of layers that only the cache keeps

tl::unexpected<Error> templateNotFound(const std::string &reference)
{
    return refuse(404, "template '" + reference + "' not found");
}

} // namespace

TemplateBuilds::TemplateBuilds(Parts parts)
    : m_parts(std::move(parts))
    , m_files(m_parts.stateDirectory + "/buildfiles")
    , m_layers(m_parts.stateDirectory + "/layers", "built-")
    , m_systems(m_parts.stateDirectory + "/layers", std::string(imageLayerPrefix))
{}

Result<std::unique_ptr<TemplateBuilds>> TemplateBuilds::open(Parts parts, const std::shared_ptr<Database> &database)
{
    std::unique_ptr<TemplateBuilds> builds(new TemplateBuilds(std::move(parts)));
    auto logs = BuildLogs::open(database);
    auto store = BuildStore::open(database);
    auto cache = LayerCache::open(database);
    if (!logs)
        return failure(logs.error());
    if (!store)
        return failure(store.error());
    if (!cache)
        return failure(cache.error());
    builds->m_logs = std::move(*logs);
    builds->m_store = std::move(*store);
    builds->m_cache = std::move(*cache);
    const Parts &given = builds->m_parts;
    builds->m_images = std::make_unique<BaseImages>(given.io, *builds->m_cache, builds->m_systems,
                                                    given.stateDirectory + "/imagelogins", given.archives);
    builds->changed();
    builds->sweep(); // what an engine that was killed has left
    return builds;
}

TemplateBuilds::~TemplateBuilds()
{
    *m_alive = false;
    close();
}

void TemplateBuilds::close()
{
    for (const auto &[id, job] : std::map(m_jobs))
        job->cancel("the engine ended while the template was being built");
}

/// Sandboxes can be created from what is built now.
void TemplateBuilds::changed()
{
    m_parts.catalog.setBuilt(m_store->tagged());
    m_kept = m_store->layers();
    m_kept.merge(m_cache->layers());
}

Result<BuildRecord> TemplateBuilds::request(const TemplateRequest &request)
{
    if (m_parts.catalog.isBuiltIn(request.name))
        return refuse(403, "'" + request.name + "' is the name of a template that is part of the engine");
    const Template *taken = m_parts.catalog.find(request.name);
    if (taken != nullptr && taken->isSnapshot)
        return refuse(400, "'" + request.name + "' is the name of a snapshot");
    SandboxLimits limits;
    limits.vcpuCount = request.vcpuCount;
    limits.memoryMb = request.memoryMb;
    return m_store->addBuild(request.name, request.tags, limits);
}

std::optional<TemplateRecord> TemplateBuilds::find(const std::string &reference) const
{
    const auto wanted = parseReference(reference);
    return wanted ? m_store->find(wanted->name) : std::nullopt;
}

Result<BuildRecord> TemplateBuilds::build(const std::string &reference, const std::string &buildId) const
{
    const auto record = find(reference);
    if (!record && m_parts.catalog.find(reference) == nullptr)
        return templateNotFound(reference);
    auto known = record ? m_store->build(record->id, buildId) : std::nullopt; // what comes along has no builds here
    if (!known)
        return refuse(400, "build '" + buildId + "' is not one of template '" + reference + "'");
    return std::move(*known);
}

Result<> TemplateBuilds::start(const std::string &templateId, const std::string &buildId, BuildPlan plan)
{
    auto known = build(templateId, buildId);
    if (!known)
        return failure(known.error());
    if (known->status != BuildStatus::Waiting)
        return refuse(400, "build is not in waiting state");
    if (m_jobs.size() >= kMostBuilds)
        return refuse(429,
                      "you have reached the maximum number of concurrent template builds ("
                          + std::to_string(kMostBuilds) + ")");
    if (auto begun = m_store->setBuilding(buildId); !begun)
        return begun;
    m_templateOf[buildId] = known->blueprint.id;
    const BuildTools tools{m_parts.io, m_worker,  m_parts.host, m_parts.catalog,       *m_store, *m_logs, *m_cache,
                           m_files,    *m_images, m_layers,     m_parts.stateDirectory};
    const auto job = std::make_shared<BuildJob>(tools, std::move(*known), std::move(plan));
    m_jobs[buildId] = job;
    job->start([this, alive = m_alive, buildId] {
        if (*alive)
            ended(buildId);
    });
    return {};
}

void TemplateBuilds::ended(const std::string &buildId)
{
    m_jobs.erase(buildId);
    m_templateOf.erase(buildId);
    m_cache->shrink(kMostCached, m_store->layers());
    changed();
    m_worker.post([this] { m_files.shrink(); });
    sweep();
}

Result<> TemplateBuilds::setPublic(const std::string &templateId, bool isPublic)
{
    return m_store->setPublic(templateId, isPublic);
}

Result<std::string> TemplateBuilds::assignTags(const std::string &target, const std::vector<std::string> &tags)
{
    const auto wanted = parseReference(target);
    if (!wanted)
        return failure(wanted.error());
    if (m_parts.catalog.isBuiltIn(wanted->name))
        return refuse(400, "'" + wanted->name + "' is part of the engine: it has the tag 'default' only");
    const auto record = m_store->find(wanted->name);
    if (!record)
        return templateNotFound(target);
    const auto known = m_store->tags(record->id);
    const auto source = std::ranges::find(known, wanted->tag.value_or("default"), &TagRecord::tag);
    if (source == known.end())
        return refuse(404,
                      "tag '" + wanted->tag.value_or("default") + "' of template '" + wanted->name + "' not found");
    std::string buildId = source->buildId;
    if (auto done = m_store->assignTags(record->id, buildId, tags); !done)
        return failure(done.error());
    changed();
    return buildId;
}

Result<> TemplateBuilds::removeTags(const std::string &name, const std::vector<std::string> &tags)
{
    const auto record = find(name);
    if (!record)
        return templateNotFound(name);
    if (std::ranges::find(tags, "default") != tags.end())
        return refuse(400, "the tag 'default' cannot be deleted");
    const auto known = m_store->tags(record->id);
    for (const std::string &tag : tags) {
        if (std::ranges::find(known, tag, &TagRecord::tag) == known.end())
            return refuse(404, "tag '" + tag + "' of template '" + record->name + "' not found");
    }
    auto done = m_store->removeTags(record->id, tags);
    changed();
    return done;
}

Result<> TemplateBuilds::remove(const TemplateRecord &record)
{
    for (const auto &live : m_parts.registry.all()) {
        if (live->blueprint.id == record.id && !live->isRunning())
            return refuse(400,
                          "cannot delete template '" + record.id + "' because there are paused sandboxes using it");
    }
    auto removed = m_store->remove(record.id);
    if (!removed)
        return failure(removed.error());
    for (const auto &[buildId, job] : std::map(m_jobs)) {
        if (m_templateOf[buildId] == record.id)
            job->cancel("the template was deleted while it was being built");
    }
    changed();
    sweep();
    return {};
}

void TemplateBuilds::onWorker(std::function<void()> work, std::function<void()> done)
{
    m_worker.post([this, alive = m_alive, work = std::move(work), done = std::move(done)] {
        work();
        boost::asio::post(m_parts.io, [alive, done] {
            if (*alive)
                done();
        });
    });
}

void TemplateBuilds::sweep()
{
    std::set<std::string> there;
    for (const LayerStore *store : {&m_layers, &m_systems}) {
        for (std::string &name : store->names())
            there.insert(std::move(name));
    }
    if (there.empty())
        return;
    std::set<std::string> needed = m_parts.registry.layersInUse();
    needed.merge(m_images->layersInUse());
    for (const auto &[id, job] : m_jobs)
        needed.merge(job->layers());
    for (const Snapshot &snapshot : m_parts.snapshots.all())
        needed.insert(snapshot.blueprint.layers.begin(), snapshot.blueprint.layers.end());
    for (const std::string &name : there) {
        if (needed.contains(name) || m_kept.contains(name))
            continue;
        m_worker.post([layers = m_layers, systems = m_systems, name] {
            layers.remove(name); // nothing happens to one of another kind
            systems.remove(name);
        });
    }
}

} // namespace sandglass::engine
