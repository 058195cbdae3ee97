#include "services/engine/images/layercache.h"

#include "services/core/time.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

namespace sandglass::engine {

namespace {

constexpr const char *kTable = R"(
    CREATE TABLE IF NOT EXISTS layer_cache(
        key     TEXT PRIMARY KEY,
        layer   TEXT NOT NULL,
        bytes   INTEGER NOT NULL,
        used_ns INTEGER NOT NULL))";

} // namespace

std::string layerKey(std::string_view below, std::string_view step)
{
    const std::string text = std::string(below) + '\0' + std::string(step);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    (void)EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
    std::string key;
    for (unsigned int i = 0; i < length; ++i)
        key += fmt::format("{:02x}", digest[i]);
    return key;
}

Result<std::unique_ptr<LayerCache>> LayerCache::open(std::shared_ptr<Database> database)
{
    if (!database->execute(kTable))
        return failure(Error::Kind::Local, "cannot make the table of cached layers: " + database->lastError());
    return std::unique_ptr<LayerCache>(new LayerCache(std::move(database)));
}

std::optional<std::string> LayerCache::find(const std::string &key)
{
    auto row = m_database->prepare("SELECT layer FROM layer_cache WHERE key = ?");
    row.bind(key);
    if (!row.step())
        return std::nullopt;
    std::string layer = row.text(0);
    (void)m_database->prepare("UPDATE layer_cache SET used_ns = ? WHERE key = ?")
        .bind(toUnixNs(systemNow()))
        .bind(key)
        .run(); // else it goes earlier than it might
    return layer;
}

void LayerCache::put(const std::string &key, const std::string &layer, std::int64_t bytes)
{
    (void)m_database->prepare("INSERT OR REPLACE INTO layer_cache VALUES(?, ?, ?, ?)")
        .bind(key)
        .bind(layer)
        .bind(bytes)
        .bind(toUnixNs(systemNow()))
        .run(); // else the step runs once more
}

void LayerCache::shrink(std::int64_t bytes, const std::set<std::string> &neededElsewhere)
{
    auto rows =
        m_database->prepare("SELECT key, layer, bytes FROM layer_cache WHERE layer <> '' ORDER BY used_ns DESC");
    std::set<std::string> forgotten;
    std::int64_t kept = 0;
    while (rows.step()) {
        if (neededElsewhere.contains(rows.text(1)))
            continue;
        kept += rows.integer(2);
        if (kept > bytes)
            forgotten.insert(rows.text(0));
    }
    for (const std::string &key : forgotten)
        (void)m_database->prepare("DELETE FROM layer_cache WHERE key = ?").bind(key).run();
}

std::set<std::string> LayerCache::layers() const
{
    auto rows = m_database->prepare("SELECT layer FROM layer_cache WHERE layer <> ''");
    std::set<std::string> found;
    while (rows.step())
        found.insert(rows.text(0));
    return found;
}

} // namespace sandglass::engine
