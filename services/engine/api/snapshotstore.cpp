#include "services/engine/api/snapshotstore.h"

#include "services/core/ids.h"
#include "services/engine/api/errors.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

constexpr const char *kDefaultTag = "default";

constexpr const char *kTable = R"(
    CREATE TABLE IF NOT EXISTS snapshots(
        build_id    TEXT PRIMARY KEY,
        template_id TEXT NOT NULL,
        name        TEXT NOT NULL,
        tag         TEXT NOT NULL,
        sandbox_id  TEXT NOT NULL,
        layers      TEXT NOT NULL,
        vcpu        INTEGER NOT NULL,
        memory_mb   INTEGER NOT NULL,
        disk_mb     INTEGER NOT NULL,
        created_ns  INTEGER NOT NULL,
        defaults    TEXT NOT NULL DEFAULT '{}',
        UNIQUE(template_id, tag)))";

bool consistsOf(std::string_view text, std::string_view extra)
{
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [extra](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != extra.npos;
    });
}

bool isMeant(const Snapshot &snapshot, const std::string &name)
{
    return snapshot.blueprint.id == name || (!name.empty() && snapshot.blueprint.name == name);
}

Snapshot snapshotFrom(const Statement &row)
{
    Snapshot snapshot;
    snapshot.blueprint.buildId = row.text(0);
    snapshot.blueprint.id = row.text(1);
    snapshot.blueprint.name = row.text(2);
    snapshot.tag = row.text(3);
    snapshot.sandboxId = row.text(4);
    for (const Json &layer : parseJson(row.text(5)).value_or(Json::array())) {
        if (layer.is_string())
            snapshot.blueprint.layers.push_back(layer.get<std::string>());
    }
    snapshot.blueprint.limits.vcpuCount = static_cast<int>(row.integer(6));
    snapshot.blueprint.limits.memoryMb = static_cast<int>(row.integer(7));
    snapshot.blueprint.limits.diskMb = static_cast<int>(row.integer(8));
    snapshot.blueprint.createdAt = fromUnixNs(row.integer(9));
    snapshot.blueprint.defaults = defaultsFromJson(parseJson(row.text(10)).value_or(Json()));
    return snapshot;
}

} // namespace

std::string Snapshot::id() const
{
    return (blueprint.name.empty() ? blueprint.id : blueprint.name) + ":" + tag;
}

Result<TemplateReference> parseReference(std::string_view text)
{
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    std::string_view rest = lower;
    TemplateReference reference;
    if (const auto colon = rest.find(':'); colon != rest.npos) {
        reference.tag = rest.substr(colon + 1);
        rest = rest.substr(0, colon);
        if (!consistsOf(*reference.tag, "-_."))
            return refuse(400, "'" + *reference.tag + "' is no tag: letters, digits and -_. are allowed");
    }
    if (const auto slash = rest.find('/'); slash != rest.npos) {
        if (!consistsOf(rest.substr(0, slash), "-_"))
            return refuse(400, "'" + std::string(text) + "' is no name of a template");
        rest = rest.substr(slash + 1);
    }
    if (!consistsOf(rest, "-_"))
        return refuse(400, "'" + std::string(rest) + "' is no name of a template: letters, digits and -_ are allowed");
    reference.name = rest;
    return reference;
}

Result<std::unique_ptr<SnapshotStore>> SnapshotStore::open(std::shared_ptr<Database> database)
{
    if (!database->execute(kTable))
        return failure(Error::Kind::Local, "cannot make the table of snapshots: " + database->lastError());
    // Older databases have no such column; where it is there this fails, and that is all.
    (void)database->execute("ALTER TABLE snapshots ADD COLUMN defaults TEXT NOT NULL DEFAULT '{}'");
    std::unique_ptr<SnapshotStore> store(new SnapshotStore(std::move(database)));
    store->load();
    return store;
}

void SnapshotStore::load()
{
    auto rows =
        m_database->prepare("SELECT build_id, template_id, name, tag, sandbox_id, layers, vcpu, memory_mb, "
                            "disk_mb, created_ns, defaults FROM snapshots ORDER BY created_ns DESC, template_id");
    m_snapshots.clear();
    while (rows.step())
        m_snapshots.push_back(snapshotFrom(rows));
}

const Snapshot *SnapshotStore::find(const TemplateReference &reference) const
{
    const std::string tag = reference.tag.value_or(kDefaultTag);
    const auto it = std::ranges::find_if(
        m_snapshots, [&](const Snapshot &each) { return isMeant(each, reference.name) && each.tag == tag; });
    return it != m_snapshots.end() ? &*it : nullptr;
}

Result<> SnapshotStore::add(Snapshot snapshot)
{
    Template &blueprint = snapshot.blueprint;
    if (!blueprint.name.empty()) {
        const auto known =
            std::ranges::find(m_snapshots, blueprint.name, [](const Snapshot &each) { return each.blueprint.name; });
        if (known != m_snapshots.end())
            blueprint.id = known->blueprint.id;
    }
    const bool isSaved = m_database->prepare("INSERT OR REPLACE INTO snapshots VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                             .bind(blueprint.buildId)
                             .bind(blueprint.id)
                             .bind(blueprint.name)
                             .bind(snapshot.tag)
                             .bind(snapshot.sandboxId)
                             .bind(dumpJson(Json(blueprint.layers)))
                             .bind(std::int64_t{blueprint.limits.vcpuCount})
                             .bind(std::int64_t{blueprint.limits.memoryMb})
                             .bind(std::int64_t{blueprint.limits.diskMb})
                             .bind(toUnixNs(blueprint.createdAt))
                             .bind(dumpJson(defaultsToJson(blueprint.defaults)))
                             .run();
    if (!isSaved)
        return failure(Error::Kind::Local, "cannot save the snapshot: " + m_database->lastError(), 500);
    load();
    return {};
}

Result<bool> SnapshotStore::remove(const TemplateReference &reference)
{
    const auto isWanted = [&](const Snapshot &each) {
        return isMeant(each, reference.name) && (!reference.tag || each.tag == *reference.tag);
    };
    Transaction transaction(*m_database);
    bool isFound = false;
    for (const Snapshot &each : m_snapshots) {
        if (!isWanted(each))
            continue;
        isFound = true;
        if (!m_database->prepare("DELETE FROM snapshots WHERE build_id = ?").bind(each.blueprint.buildId).run())
            return failure(Error::Kind::Local, "cannot remove the snapshot: " + m_database->lastError(), 500);
    }
    if (!transaction.commit())
        return failure(Error::Kind::Local, "cannot remove the snapshot: " + m_database->lastError(), 500);
    load();
    return isFound;
}

} // namespace sandglass::engine
