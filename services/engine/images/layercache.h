#pragma once

#include "services/engine/api/sqlite.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// The key of what a step makes: of what it stands on, what it says, and the files it takes.
[[nodiscard]] std::string layerKey(std::string_view below, std::string_view step);

/// Which layer came out of which step the last time, in the engine's database. io thread only.
class LayerCache final
{
public:
    [[nodiscard]] static Result<std::unique_ptr<LayerCache>> open(std::shared_ptr<Database> database);

    /// The layer's name, empty where the step changed no file; nothing when it never ran.
    [[nodiscard]] std::optional<std::string> find(const std::string &key);
    void put(const std::string &key, const std::string &layer, std::int64_t bytes);
    /// Forgets the layers that went unused longest, until those that nobody else needs are no larger than `bytes`
    /// together.
    void shrink(std::int64_t bytes, const std::set<std::string> &neededElsewhere);
    [[nodiscard]] std::set<std::string> layers() const;

private:
    explicit LayerCache(std::shared_ptr<Database> database) : m_database(std::move(database)) {}
    std::shared_ptr<Database> m_database;
};

} // namespace sandglass::engine
