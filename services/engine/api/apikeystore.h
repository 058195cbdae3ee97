#pragma once

#include "services/core/json.h"
#include "services/engine/api/sqlite.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// A key that was made through the API, beside the one in the engine's file. The key itself is not kept.
struct ApiKey
{
    std::string id; ///< UUID
    std::string name;
    std::string hash; ///< SHA-256 of the key, in hex
    std::string firstTwo, lastFour;
    Timestamp createdAt;
    std::optional<Timestamp> lastUsed; ///< to the minute
};

/// "TeamAPIKey" of the specification: masked.
[[nodiscard]] Json apiKeyJson(const ApiKey &key);

/// Additional keys, in memory and in the engine's database. io thread only.
class ApiKeyStore final
{
public:
    static constexpr std::size_t kMost = 100;

    /// Makes the table when it is missing.
    [[nodiscard]] static Result<std::unique_ptr<ApiKeyStore>> open(std::shared_ptr<Database> database);

    [[nodiscard]] const std::vector<ApiKey> &all() const { return m_keys; } ///< oldest first
    struct Created
    {
        ApiKey entry;
        std::string key; ///< shown this once
    };
    /// Error 400: no name, or too many keys.
    [[nodiscard]] Result<Created> create(const std::string &name);
    [[nodiscard]] Result<> rename(const std::string &id, const std::string &name); ///< error 404
    [[nodiscard]] Result<> remove(const std::string &id);                          ///< error 404

    /// Whether `key` is one of them; notes its use.
    [[nodiscard]] bool accepts(std::string_view key);

private:
    explicit ApiKeyStore(std::shared_ptr<Database> database) : m_database(std::move(database)) {}
    void load();
    [[nodiscard]] Result<> save(const ApiKey &key);

    std::shared_ptr<Database> m_database;
    std::vector<ApiKey> m_keys;
};

} // namespace sandglass::engine
