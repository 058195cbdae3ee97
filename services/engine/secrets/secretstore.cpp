#include "services/engine/secrets/secretstore.h"

#include "services/core/ids.h"
#include "services/engine/api/apikey.h"
#include "services/engine/api/errors.h"
#include "services/engine/network/hostname.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace sandglass::engine {

namespace {

// E2B's bounds, and 8 KB for a value: it has to fit into a header.
constexpr std::size_t kLongestName = 128, kLongestValue = 8192, kMostMetadata = 32, kLongestKey = 128,
                      kLongestMetadataValue = 1024, kMostMetadataBytes = 8192;
constexpr std::string_view kIdPrefix = "sec_";

Result<> checkName(std::string_view name)
{
    const bool plain = std::ranges::all_of(
        name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
    if (name.empty() || name.size() > kLongestName || !plain)
        return refuse(400, "name has to be 1 to 128 letters, digits, '_' and '-'");
    if (name.starts_with(kIdPrefix))
        return refuse(400, "name must not begin with sec_: that is for the ids of secrets");
    return {};
}

Result<> checkValue(const std::string &value)
{
    if (value.empty())
        return refuse(400, "Secret value cannot be empty");
    if (value.size() > kLongestValue)
        return refuse(400,
                      "Secret value cannot exceed " + std::to_string(kLongestValue) + " bytes (got "
                          + std::to_string(value.size()) + " bytes)");
    return {};
}

Result<> checkMetadata(const SecretStore::Metadata &metadata)
{
    std::size_t bytes = 0;
    for (const auto &[key, value] : metadata) {
        if (key.empty() || key.size() > kLongestKey || value.size() > kLongestMetadataValue)
            return refuse(400, "metadata: keys are limited to 128 bytes, values to 1024 bytes");
        bytes += key.size() + value.size();
    }
    if (metadata.size() > kMostMetadata || bytes > kMostMetadataBytes)
        return refuse(400, "metadata is limited to 32 entries and 8192 bytes in total");
    return {};
}

tl::unexpected<Error> unknown(std::string_view idOrName)
{
    return refuse(404, "Secret '" + std::string(idOrName) + "' not found");
}

Json stored(const Secret &secret)
{
    return {{"id", secret.id},
            {"name", secret.name},
            {"value", secret.value},
            {"version", secret.version},
            {"metadata", secret.metadata},
            {"created_ns", toUnixNs(secret.createdAt)},
            {"updated_ns", toUnixNs(secret.updatedAt)}};
}

Secret secretFrom(const Json &json)
{
    Secret secret{stringOr(json, "id"),
                  stringOr(json, "name"),
                  stringOr(json, "value"),
                  intOr(json, "version", 1),
                  {},
                  fromUnixNs(intOr(json, "created_ns")),
                  fromUnixNs(intOr(json, "updated_ns"))};
    for (const auto &[key, value] : memberOr(json, "metadata").items()) {
        if (value.is_string())
            secret.metadata[key] = value.get<std::string>();
    }
    return secret;
}

} // namespace

Json secretJson(const Secret &secret)
{
    return {{"secretID", secret.id},
            {"name", secret.name},
            {"currentVersion", secret.version},
            {"metadata", secret.metadata},
            {"createdAt", formatRfc3339(secret.createdAt)},
            {"updatedAt", formatRfc3339(secret.updatedAt)}};
}

Result<std::unique_ptr<SecretStore>> SecretStore::open(std::filesystem::path file)
{
    std::unique_ptr<SecretStore> store(new SecretStore(std::move(file)));
    if (auto loaded = store->load(); !loaded)
        return failure(loaded.error());
    return store;
}

Result<> SecretStore::load()
{
    std::error_code error;
    if (!std::filesystem::exists(m_file, error))
        return {};
    std::ifstream stream(m_file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const auto json = parseJson(text);
    const Json &list = json ? memberOr(*json, "secrets") : memberOr(Json(), "");
    if (!stream || !list.is_array()) // without what stands in it: those are secrets
        return failure(Error::Kind::Local, m_file.string() + " does not hold secrets; move it away to begin anew");
    for (const Json &each : list)
        m_secrets.push_back(secretFrom(each));
    return {};
}

Result<> SecretStore::keep(std::vector<Secret> secrets)
{
    Json list = Json::array();
    for (const Secret &secret : secrets)
        list.push_back(stored(secret));
    if (auto written = writeFileAtomically(m_file, dumpJson({{"secrets", std::move(list)}}) + "\n"); !written)
        return failure(Error::Kind::Local, written.error().message, 500);
    m_secrets = std::move(secrets);
    return {};
}

const Secret *SecretStore::find(std::string_view idOrName) const
{
    const std::string name = lowered(idOrName);
    const auto found =
        std::ranges::find_if(m_secrets, [&](const Secret &each) { return each.id == name || each.name == name; });
    return found != m_secrets.end() ? &*found : nullptr;
}

Result<Secret> SecretStore::create(std::string_view name, std::string value, Metadata metadata)
{
    const std::string canonical = lowered(name);
    for (const auto &fine : {checkName(canonical), checkValue(value), checkMetadata(metadata)}) {
        if (!fine)
            return failure(fine.error());
    }
    if (find(canonical) != nullptr)
        return refuse(409, "Secret with name '" + canonical + "' already exists");
    if (m_secrets.size() >= kMost)
        return refuse(429, "there are " + std::to_string(kMost) + " secrets already: delete one");
    const Timestamp now = systemNow();
    Secret secret{
        std::string(kIdPrefix) + newTemplateId(), canonical, std::move(value), 1, std::move(metadata), now, now};
    auto secrets = m_secrets;
    secrets.push_back(secret);
    if (auto kept = keep(std::move(secrets)); !kept)
        return failure(kept.error());
    return secret;
}

Result<Secret> SecretStore::update(std::string_view idOrName, std::string value, std::optional<Metadata> metadata)
{
    const Secret *known = find(idOrName);
    if (known == nullptr)
        return unknown(idOrName);
    for (const auto &fine : {checkValue(value), checkMetadata(metadata.value_or(Metadata()))}) {
        if (!fine)
            return failure(fine.error());
    }
    auto secrets = m_secrets;
    Secret &changed = secrets[static_cast<std::size_t>(known - m_secrets.data())];
    changed.value = std::move(value);
    ++changed.version;
    changed.updatedAt = systemNow();
    if (metadata)
        changed.metadata = std::move(*metadata);
    Secret told = changed;
    if (auto kept = keep(std::move(secrets)); !kept)
        return failure(kept.error());
    return told;
}

Result<> SecretStore::remove(std::string_view idOrName)
{
    const Secret *known = find(idOrName);
    if (known == nullptr)
        return unknown(idOrName);
    auto secrets = m_secrets;
    secrets.erase(secrets.begin() + (known - m_secrets.data()));
    return keep(std::move(secrets));
}

} // namespace sandglass::engine
