#pragma once

#include "services/engine/api/sqlite.h"
#include "services/engine/api/templatecatalog.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::engine {

/// A saved sandbox. `blueprint` is what new ones are made from; its name is empty where none was given.
struct Snapshot
{
    Template blueprint;
    std::string tag = "default";
    std::string sandboxId; ///< which it was taken of

    /// "name:tag", or "templateId:tag" without a name.
    [[nodiscard]] std::string id() const;
};

/// A name for a snapshot or template as a person gives it.
struct TemplateReference
{
    std::string name; ///< lower case, without a namespace
    std::optional<std::string> tag;
};
/// "[namespace/]name[:tag]". Error 400: characters that names may not have (e2b-protocol 6.5).
[[nodiscard]] Result<TemplateReference> parseReference(std::string_view text);

/// The snapshots, newest first, in memory and in the engine's database. io thread only.
class SnapshotStore final
{
public:
    /// Makes the table when it is missing.
    [[nodiscard]] static Result<std::unique_ptr<SnapshotStore>> open(std::shared_ptr<Database> database);

    [[nodiscard]] const std::vector<Snapshot> &all() const { return m_snapshots; }
    /// By id or name; without a tag "default". Null when unknown.
    [[nodiscard]] const Snapshot *find(const TemplateReference &reference) const;
    /// Takes the place of one with the same name and tag, whose template it becomes a new build of.
    [[nodiscard]] Result<> add(Snapshot snapshot);
    /// All builds of the template, or the one with that tag. False when there is none.
    [[nodiscard]] Result<bool> remove(const TemplateReference &reference);

private:
    explicit SnapshotStore(std::shared_ptr<Database> database) : m_database(std::move(database)) {}
    void load();

    std::shared_ptr<Database> m_database;
    std::vector<Snapshot> m_snapshots;
};

} // namespace sandglass::engine
