#pragma once

#include "services/engine/api/sqlite.h"
#include "services/engine/api/templatecatalog.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

struct TemplateRecord
{
    std::string id, name;
    bool isPublic = false;
    Timestamp createdAt, updatedAt;
};

enum class BuildStatus { Waiting, Building, Ready, Error };
[[nodiscard]] const char *buildStatusName(BuildStatus status); ///< as the wire has it

/// One build of a template.
struct BuildRecord
{
    Template blueprint; ///< of a ready one what sandboxes are made from; else only id, build id, name and limits hold
    BuildStatus status = BuildStatus::Waiting;
    std::vector<std::string> tags; ///< that it takes when it becomes ready
    Timestamp updatedAt;
    std::optional<Timestamp> finishedAt;
    std::string reason, reasonStep; ///< of a failed one
};

struct TagRecord
{
    std::string tag, buildId;
    Timestamp createdAt;
};

/// The templates that were or are being built, their builds and tags, in the engine's database. io thread only.
class BuildStore final
{
public:
    /// Makes the tables when they are missing. Builds that an engine before this one was at are told as failed.
    [[nodiscard]] static Result<std::unique_ptr<BuildStore>> open(std::shared_ptr<Database> database);

    [[nodiscard]] std::vector<TemplateRecord> templates() const; ///< the newest first
    [[nodiscard]] std::optional<TemplateRecord> find(std::string_view idOrName) const;
    /// A new waiting build of the template of that name, which is made when it is missing.
    [[nodiscard]] Result<BuildRecord> addBuild(const std::string &name, std::vector<std::string> tags,
                                               const SandboxLimits &limits);
    [[nodiscard]] Result<> setPublic(const std::string &templateId, bool isPublic);
    /// With builds, tags and logs. False when there is none.
    [[nodiscard]] Result<bool> remove(const std::string &templateId);

    [[nodiscard]] std::vector<BuildRecord> builds(const std::string &templateId) const; ///< the newest first
    [[nodiscard]] std::optional<BuildRecord> build(const std::string &templateId, const std::string &buildId) const;
    [[nodiscard]] Result<> setBuilding(const std::string &buildId);
    [[nodiscard]] Result<> fail(const std::string &buildId, const std::string &reason, const std::string &step);
    /// Ready, with its tags, in one transaction. `blueprint` brings layers and defaults.
    [[nodiscard]] Result<> finish(const BuildRecord &build, const Template &blueprint);

    [[nodiscard]] std::vector<TagRecord> tags(const std::string &templateId) const; ///< by name
    [[nodiscard]] Result<> assignTags(const std::string &templateId, const std::string &buildId,
                                      const std::vector<std::string> &tags);
    [[nodiscard]] Result<> removeTags(const std::string &templateId, const std::vector<std::string> &tags);

    /// What sandboxes can be made from: one for each tag.
    [[nodiscard]] std::vector<Template> tagged() const;
    [[nodiscard]] std::set<std::string> layers() const; ///< of all ready builds

private:
    explicit BuildStore(std::shared_ptr<Database> database) : m_database(std::move(database)) {}
    [[nodiscard]] tl::unexpected<Error> cannot(const char *what) const;
    [[nodiscard]] bool touchTemplate(const std::string &templateId);

    std::shared_ptr<Database> m_database;
};

} // namespace sandglass::engine
