#pragma once

#include "services/engine/api/registry.h"
#include "services/engine/api/snapshotstore.h"
#include "services/engine/templates/layerstore.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sandglass::engine {

/// Takes snapshots and forks of sandboxes: what they have written is copied into a layer while their processes stand
/// still, and new sandboxes are made on top of it. Files only: what runs does not run on in them. A layer is removed
/// when neither a snapshot nor a sandbox stands on it any more. io thread only; the copying has a thread of its own.
class Snapshots final
{
public:
    template<typename T>
    using Then = std::function<void(Result<T>)>;

    /// `store` and `registry` outlive it.
    Snapshots(boost::asio::io_context &io, SandboxRegistry &registry, TemplateCatalog &catalog, SnapshotStore &store,
              LayerStore layers);
    ~Snapshots();
    Snapshots(const Snapshots &) = delete;
    Snapshots &operator=(const Snapshots &) = delete;

    /// `name` as parseReference() takes it, or empty. Of a running or paused sandbox; a running one runs on. Where it
    /// cannot, it ends (kill_reason "resume_failed"), and the error names the snapshot that is kept of it.
    void take(const std::string &sandboxId, const std::string &name, Then<Snapshot> then);
    /// One result for each of `count` new sandboxes, which have the source's template, metadata and variables. Error
    /// as for take(); then there are none.
    void fork(const std::string &sandboxId, std::int64_t timeoutSeconds, int count,
              Then<std::vector<Result<SandboxRegistry::LivePtr>>> then);
    [[nodiscard]] const std::vector<Snapshot> &all() const { return m_store.all(); }
    [[nodiscard]] Result<bool> remove(const std::string &reference);

    /// A sandbox may have ended: looks for layers that are needed no more.
    void sweep();

private:
    struct Forking;
    using LivePtr = SandboxRegistry::LivePtr;
    struct Saved
    {
        std::string layer;
        std::optional<Error> lost; ///< the sandbox could not go on, and has ended
    };
    void saveLayer(const LivePtr &live, Then<Saved> then);
    void copy(const LivePtr &live, Result<UniqueFd> upper, Then<Saved> then);
    void copied(const LivePtr &live, const std::string &layer, Result<> done, Then<Saved> then);
    /// `then` with why the sandbox has ended, when no try helped.
    void letGoOn(const LivePtr &live, std::size_t tries, std::function<void(std::optional<Error>)> then);
    void publish();
    [[nodiscard]] Result<Snapshot> keep(const LivePtr &live, const std::string &layer, Snapshot snapshot);

    boost::asio::io_context &m_io;
    SandboxRegistry &m_registry;
    TemplateCatalog &m_catalog;
    SnapshotStore &m_store;
    const LayerStore m_layers;
    std::set<std::string> m_pinned; ///< layers that are being made or forked from
    std::atomic<bool> m_isCancelled = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    http::IoThread m_copying{"engine-layers"}; ///< last: joined before the rest goes
};

} // namespace sandglass::engine
