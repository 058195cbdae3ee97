#include "services/engine/volumes/volumes.h"

#include "services/engine/api/errors.h"
#include "services/engine/broker/volumemount.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sandglass::engine {

namespace {

std::string fullText(const Volume &volume, const VolumeUse &use, std::int64_t most)
{
    return "volume '" + volume.name + "' is full (" + std::to_string(use.bytes) + " of " + std::to_string(most)
        + " bytes, " + std::to_string(use.entries) + " entries): remove something from it first";
}

} // namespace

Volumes::Volumes(boost::asio::io_context &io, http::IoThread &worker, VolumeStore &store, SandboxRegistry &registry,
                 std::int64_t bytes)
    : m_worker(worker)
    , m_store(store)
    , m_registry(registry)
    , m_bytes(bytes)
    , m_watch(
          io, worker, [this] { return mounted(); },
          [this](const auto &uses) {
              for (const auto &[id, use] : uses)
                  note(id, use);
          })
{
    m_registry.useVolumes([this](std::vector<VolumeMount> &mounts) { return resolve(mounts); });
}

Volumes::~Volumes()
{
    m_registry.useVolumes({});
}

/// The ids of the names, in E2B's words where something is wrong.
Result<> Volumes::resolve(std::vector<VolumeMount> &mounts)
{
    std::string faults;
    std::set<std::string> paths;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        VolumeMount &mount = mounts[i];
        const Volume *volume = m_store.findByName(mount.name);
        const char *why = whyNoMountPath(mount.path);
        const bool nested = std::ranges::any_of(paths, [&](const std::string &other) {
            return mount.path.starts_with(other + "/") || other.starts_with(mount.path + "/");
        });
        std::string fault;
        if (volume == nullptr)
            fault = "volume '" + mount.name + "' not found";
        else if (why != nullptr)
            fault = why;
        else if (!paths.insert(mount.path).second)
            fault = "path '" + mount.path + "' is already used";
        else if (nested)
            fault = "path '" + mount.path + "' lies within another volume, or another within it";
        if (!fault.empty())
            faults += "\n\t- volume mount #" + std::to_string(i) + ": " + fault;
        else
            mount.id = volume->id;
    }
    if (!faults.empty())
        return refuse(400, "invalid mounts:" + faults);
    for (const VolumeMount &mount : mounts) {
        if (isFull(mount.id))
            return refuse(507, fullText(*m_store.find(mount.id), m_uses.at(mount.id), m_bytes));
    }
    m_watch.wake();
    return {};
}

bool Volumes::isFull(const std::string &id) const
{
    const auto use = m_uses.find(id);
    return use != m_uses.end() && (use->second.bytes > m_bytes || use->second.entries >= VolumeTree::kMostEntries);
}

std::map<std::string, std::string> Volumes::mounted() const
{
    std::map<std::string, std::string> folders;
    for (const std::string &id : m_registry.volumesInUse(false)) {
        if (const Volume *volume = m_store.find(id))
            folders[id] = m_store.pathOf(*volume);
    }
    return folders;
}

void Volumes::note(const std::string &id, const VolumeUse &use)
{
    const Volume *volume = m_store.find(id);
    if (volume == nullptr)
        return;
    m_uses[id] = use;
    if (isFull(id))
        pauseWriters(*volume);
}

void Volumes::pauseWriters(const Volume &volume)
{
    for (const auto &live : m_registry.all()) {
        const bool has =
            std::ranges::any_of(live->request.volumeMounts, [&](const auto &m) { return m.id == volume.id; });
        if (!has || !live->isRunning() || live->isBeingSaved)
            continue;
        live->log->add({{},
                        LogLevel::Error,
                        "system",
                        "volume_full",
                        0,
                        "Paused: " + fullText(volume, m_uses.at(volume.id), m_bytes)});
        m_registry.pause(live->id, [&registry = m_registry, id = live->id](const Result<> &done) {
            if (!done && done.error().status != 404) // what cannot be stopped fills the disk
                registry.kill(id, "unknown", [](const Result<> &) {});
        });
    }
}

Result<> Volumes::remove(const std::string &id)
{
    const Volume *volume = m_store.find(id);
    if (volume == nullptr)
        return failure(volumeNotFound(id));
    if (m_registry.volumesInUse().contains(id))
        return refuse(409, "volume '" + volume->name + "' is in use by a sandbox");
    auto folder = m_store.remove(id);
    if (!folder)
        return failure(folder.error());
    m_uses.erase(id);
    m_worker.post([path = std::move(*folder)] { VolumeStore::removeFolder(path); });
    return {};
}

} // namespace sandglass::engine
