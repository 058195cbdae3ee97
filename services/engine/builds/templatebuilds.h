#pragma once

#include "services/engine/api/snapshotstore.h"
#include "services/engine/builds/buildjob.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sandglass::engine {

class SandboxRegistry;

/// Builds templates and keeps what was built: what the routes of e2b-protocol 2.2 ask for. Removes layers that neither
/// a template, a snapshot, a sandbox nor the cache needs. Errors carry the status of the answer. io thread only.
class TemplateBuilds final
{
public:
    struct Parts
    {
        boost::asio::io_context &io;
        SandboxHost &host;
        SandboxRegistry &registry;
        TemplateCatalog &catalog;
        const SnapshotStore &snapshots;
        std::string stateDirectory;
        BaseImages::Archives archives = {};
    };
    /// Opens its tables. What `parts` names outlives it.
    [[nodiscard]] static Result<std::unique_ptr<TemplateBuilds>> open(Parts parts,
                                                                      const std::shared_ptr<Database> &database);
    ~TemplateBuilds();

    [[nodiscard]] Result<BuildRecord> request(const TemplateRequest &request);
    [[nodiscard]] Result<> start(const std::string &templateId, const std::string &buildId, BuildPlan plan);
    /// A template by id, name or namespace/name, whether or not it has a build that is ready.
    [[nodiscard]] std::optional<TemplateRecord> find(const std::string &reference) const;
    [[nodiscard]] Result<BuildRecord> build(const std::string &reference, const std::string &buildId) const;
    [[nodiscard]] Result<> setPublic(const std::string &templateId, bool isPublic);
    /// The build behind "name[:tag]" gets the tags as well.
    [[nodiscard]] Result<std::string> assignTags(const std::string &target, const std::vector<std::string> &tags);
    [[nodiscard]] Result<> removeTags(const std::string &name, const std::vector<std::string> &tags);
    /// Ends builds that run. Error 400 while a sandbox made from it is paused.
    [[nodiscard]] Result<> remove(const TemplateRecord &record);

    [[nodiscard]] BuildStore &store() { return *m_store; }
    [[nodiscard]] BuildLogs &logs() { return *m_logs; }
    [[nodiscard]] BuildFiles &files() { return m_files; }
    [[nodiscard]] const TemplateCatalog &catalog() const { return m_parts.catalog; }
    /// Calls `work` on the thread that copies, then `done` on the loop.
    void onWorker(std::function<void()> work, std::function<void()> done);

    /// A sandbox may have ended: looks for layers that are needed no more.
    void sweep();
    /// Ends all builds that run; none of them does any more once idle() says so.
    void close();
    [[nodiscard]] bool idle() const { return m_jobs.empty(); }

private:
    explicit TemplateBuilds(Parts parts);
    void changed();
    void ended(const std::string &buildId);

    Parts m_parts;
    std::unique_ptr<BuildStore> m_store;
    std::unique_ptr<BuildLogs> m_logs;
    std::unique_ptr<LayerCache> m_cache;
    BuildFiles m_files;
    const LayerStore m_layers, m_systems;
    std::unique_ptr<BaseImages> m_images;
    std::set<std::string> m_kept;                            ///< layers of ready builds and of the cache
    std::map<std::string, std::shared_ptr<BuildJob>> m_jobs; ///< by build id, those that run
    std::map<std::string, std::string> m_templateOf;         ///< of those
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    http::IoThread m_worker{"engine-builds"}; ///< last: joined before the rest goes
};

} // namespace sandglass::engine
