#include "services/engine/api/apikeystore.h"

#include "services/core/ids.h"
#include "services/core/secret.h"
#include "services/engine/api/digest.h"
#include "services/engine/api/errors.h"

#include <algorithm>
#include <iostream>
#include <utility>

namespace sandglass::engine {

namespace {

constexpr std::string_view kPrefix = "e2b_";
constexpr std::size_t kValueLength = 40, kLongestName = 256;
constexpr std::chrono::minutes kUseInterval{1}; ///< between two notes of the use of one key

Result<> checkName(const std::string &name)
{
    if (name.empty() || name.size() > kLongestName)
        return refuse(400, "name has to be a text of 1 to 256 bytes");
    return {};
}

tl::unexpected<Error> unknown(const std::string &id)
{
    return refuse(404, "id " + id + " not found");
}

} // namespace

Json apiKeyJson(const ApiKey &key)
{
    return {{"id", key.id},
            {"name", key.name},
            {"mask",
             {{"prefix", kPrefix},
              {"valueLength", kValueLength},
              {"maskedValuePrefix", key.firstTwo},
              {"maskedValueSuffix", key.lastFour}}},
            {"createdAt", formatRfc3339(key.createdAt)},
            {"createdBy", nullptr},
            {"lastUsed", key.lastUsed ? Json(formatRfc3339(*key.lastUsed)) : Json(nullptr)}};
}

Result<std::unique_ptr<ApiKeyStore>> ApiKeyStore::open(std::shared_ptr<Database> database)
{
    if (!database->execute("CREATE TABLE IF NOT EXISTS api_keys(id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT "
                           "NULL, first_two TEXT NOT NULL, last_four TEXT NOT NULL, created_ns INTEGER NOT NULL, "
                           "used_ns INTEGER)"))
        return failure(Error::Kind::Local, "cannot make the table of API keys: " + database->lastError());
    std::unique_ptr<ApiKeyStore> store(new ApiKeyStore(std::move(database)));
    store->load();
    return store;
}

void ApiKeyStore::load()
{
    auto rows = m_database->prepare("SELECT id, name, hash, first_two, last_four, created_ns, used_ns FROM api_keys "
                                    "ORDER BY created_ns, id");
    while (rows.step()) {
        ApiKey key{
            rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4), fromUnixNs(rows.integer(5)), {}};
        if (!rows.isNull(6))
            key.lastUsed = fromUnixNs(rows.integer(6));
        m_keys.push_back(std::move(key));
    }
}

Result<> ApiKeyStore::save(const ApiKey &key)
{
    auto row = m_database->prepare("INSERT OR REPLACE INTO api_keys VALUES(?, ?, ?, ?, ?, ?, ?)");
    row.bind(key.id).bind(key.name).bind(key.hash).bind(key.firstTwo).bind(key.lastFour).bind(toUnixNs(key.createdAt));
    if (key.lastUsed)
        row.bind(toUnixNs(*key.lastUsed));
    else
        row.bindNull();
    if (!row.run())
        return failure(Error::Kind::Local, "cannot save the API key: " + m_database->lastError(), 500);
    return {};
}

Result<ApiKeyStore::Created> ApiKeyStore::create(const std::string &name)
{
    if (const auto fine = checkName(name); !fine)
        return failure(fine.error());
    if (m_keys.size() >= kMost)
        return refuse(400, "there are " + std::to_string(kMost) + " API keys already: delete one");
    Created created;
    created.key = newApiKey();
    const std::string value = created.key.substr(kPrefix.size());
    created.entry = {newUuid(),   name, sha256Hex(created.key), value.substr(0, 2), value.substr(value.size() - 4),
                     systemNow(), {}};
    if (const auto saved = save(created.entry); !saved)
        return failure(saved.error());
    m_keys.push_back(created.entry);
    return created;
}

Result<> ApiKeyStore::rename(const std::string &id, const std::string &name)
{
    if (const auto fine = checkName(name); !fine)
        return fine;
    const auto found = std::ranges::find(m_keys, id, &ApiKey::id);
    if (found == m_keys.end())
        return unknown(id);
    ApiKey changed = *found;
    changed.name = name;
    if (const auto saved = save(changed); !saved)
        return saved;
    *found = std::move(changed);
    return {};
}

Result<> ApiKeyStore::remove(const std::string &id)
{
    const auto found = std::ranges::find(m_keys, id, &ApiKey::id);
    if (found == m_keys.end())
        return unknown(id);
    if (!m_database->prepare("DELETE FROM api_keys WHERE id = ?").bind(id).run())
        return failure(Error::Kind::Local, "cannot delete the API key: " + m_database->lastError(), 500);
    m_keys.erase(found);
    return {};
}

bool ApiKeyStore::accepts(std::string_view key)
{
    if (m_keys.empty())
        return false;
    const std::string hash = sha256Hex(key);
    ApiKey *found = nullptr;
    for (ApiKey &each : m_keys) {
        if (equalConstantTime(each.hash, hash))
            found = &each;
    }
    if (found == nullptr || hash.empty())
        return false;
    const Timestamp now = systemNow();
    if (!found->lastUsed || now - *found->lastUsed >= kUseInterval) {
        found->lastUsed = now;
        if (const auto saved = save(*found); !saved)
            std::cerr << "sandglass-engine: " << saved.error().message << '\n';
    }
    return true;
}

} // namespace sandglass::engine
