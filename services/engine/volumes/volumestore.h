#pragma once

#include "services/core/json.h"
#include "services/engine/api/sqlite.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// A folder that outlives sandboxes and may be in several at once.
struct Volume
{
    std::string id;    ///< UUID
    std::string name;  ///< letters, digits, '_' and '-'; no two have the same
    std::string token; ///< opens its contents to whoever has it
    Timestamp createdAt;
};

/// The volumes, in the engine's database, and their folders below `directory`. io thread only.
class VolumeStore final
{
public:
    static constexpr std::size_t kMost = 100;

    /// Makes table and folder when they are missing, and ends removals that were begun.
    [[nodiscard]] static Result<std::unique_ptr<VolumeStore>> open(std::shared_ptr<Database> database,
                                                                   std::filesystem::path directory);

    [[nodiscard]] const std::vector<Volume> &all() const { return m_volumes; } ///< oldest first
    [[nodiscard]] const Volume *find(std::string_view id) const;               ///< null when unknown
    [[nodiscard]] const Volume *findByName(std::string_view name) const;
    [[nodiscard]] std::string pathOf(const Volume &volume) const { return (m_directory / volume.id).string(); }

    /// Error 400, in E2B's words: the name, or there are too many.
    [[nodiscard]] Result<Volume> create(const std::string &name);
    /// The volume is unknown from now on; what was in it is in the folder whose path is returned, for the caller to
    /// remove. Error 404.
    [[nodiscard]] Result<std::string> remove(std::string_view id);

    /// Removes such a folder with all that is in it. Any thread.
    static void removeFolder(const std::filesystem::path &folder);

private:
    VolumeStore(std::shared_ptr<Database> database, std::filesystem::path directory)
        : m_database(std::move(database)), m_directory(std::move(directory))
    {}
    void load();
    void removeLeftovers() const;

    std::shared_ptr<Database> m_database;
    std::filesystem::path m_directory;
    std::vector<Volume> m_volumes;
};

/// The text of E2B's 404.
[[nodiscard]] Error volumeNotFound(std::string_view id);

} // namespace sandglass::engine
