#include "services/engine/volumes/volumestore.h"

#include "services/core/ids.h"
#include "services/engine/api/errors.h"
#include "services/engine/volumes/volumetree.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sandglass::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestName = 128;
constexpr const char *kGone = ".gone-";

bool isName(std::string_view name)
{
    return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

/// Whoever sandboxes run as passes through the folder of all volumes, and owns each of them.
Result<> makeFolder(const fs::path &folder, mode_t mode, bool isOwned)
{
    if ((::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) || ::chmod(folder.c_str(), mode) != 0
        || (isOwned && ::geteuid() == 0 && ::chown(folder.c_str(), volumeOwner(), volumeOwner()) != 0))
        return failure(Error::Kind::Local, "cannot make " + folder.string() + ": " + std::strerror(errno), 500);
    return {};
}

} // namespace

Error volumeNotFound(std::string_view id)
{
    return {Error::Kind::Service, 404, "Volume '" + std::string(id) + "' not found", {}};
}

Result<std::unique_ptr<VolumeStore>> VolumeStore::open(std::shared_ptr<Database> database, fs::path directory)
{
    if (!database->execute(
            "CREATE TABLE IF NOT EXISTS volumes(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, token TEXT "
            "NOT NULL, created_ns INTEGER NOT NULL)"))
        return failure(Error::Kind::Local, "cannot make the table of volumes: " + database->lastError());
    if (auto made = makeFolder(directory, 0711, false); !made)
        return failure(made.error());
    std::unique_ptr<VolumeStore> store(new VolumeStore(std::move(database), std::move(directory)));
    store->load();
    store->removeLeftovers();
    return store;
}

void VolumeStore::load()
{
    auto rows = m_database->prepare("SELECT id, name, token, created_ns FROM volumes ORDER BY created_ns, id");
    while (rows.step())
        m_volumes.push_back({rows.text(0), rows.text(1), rows.text(2), fromUnixNs(rows.integer(3))});
}

/// What an engine that was killed has left half done. A folder that no volume is known for is kept if anything is in
/// it.
void VolumeStore::removeLeftovers() const
{
    std::vector<fs::path> folders;
    std::error_code failed;
    for (fs::directory_iterator it(m_directory, failed), end; !failed && it != end; it.increment(failed))
        folders.push_back(it->path());
    for (const fs::path &folder : folders) {
        if (folder.filename().string().starts_with(kGone))
            removeFolder(folder);
        else if (find(folder.filename().string()) == nullptr)
            ::rmdir(folder.c_str());
    }
}

const Volume *VolumeStore::find(std::string_view id) const
{
    const auto found = std::ranges::find(m_volumes, id, &Volume::id);
    return found != m_volumes.end() ? &*found : nullptr;
}

const Volume *VolumeStore::findByName(std::string_view name) const
{
    const auto found = std::ranges::find(m_volumes, name, &Volume::name);
    return found != m_volumes.end() ? &*found : nullptr;
}

Result<Volume> VolumeStore::create(const std::string &name)
{
    if (!isName(name))
        return refuse(400, "Invalid volume name");
    if (findByName(name) != nullptr)
        return refuse(400, "Volume with name '" + name + "' already exists");
    if (m_volumes.size() >= kMost)
        return refuse(400, "there are " + std::to_string(kMost) + " volumes already: delete one");
    Volume volume{newUuid(), name, newHexToken(32), systemNow()};
    if (auto made = makeFolder(pathOf(volume), 0755, true); !made)
        return failure(made.error());
    const bool saved = m_database->prepare("INSERT INTO volumes VALUES(?, ?, ?, ?)")
                           .bind(volume.id)
                           .bind(volume.name)
                           .bind(volume.token)
                           .bind(toUnixNs(volume.createdAt))
                           .run();
    if (!saved) {
        removeFolder(pathOf(volume));
        return failure(Error::Kind::Local, "cannot save the volume: " + m_database->lastError(), 500);
    }
    m_volumes.push_back(volume);
    return volume;
}

Result<std::string> VolumeStore::remove(std::string_view id)
{
    const auto found = std::ranges::find(m_volumes, id, &Volume::id);
    if (found == m_volumes.end())
        return failure(volumeNotFound(id));
    if (!m_database->prepare("DELETE FROM volumes WHERE id = ?").bind(id).run())
        return failure(Error::Kind::Local, "cannot delete the volume: " + m_database->lastError(), 500);
    const std::string folder = pathOf(*found), gone = (m_directory / (kGone + found->id)).string();
    m_volumes.erase(found);
    return ::rename(folder.c_str(), gone.c_str()) == 0 ? gone : folder;
}

void VolumeStore::removeFolder(const fs::path &folder)
{
    if (const auto tree = VolumeTree::open(folder.parent_path().string()))
        (void)tree->remove(folder.filename().string());
}

} // namespace sandglass::engine
