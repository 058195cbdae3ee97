#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/core/time.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// A value that nobody is told again: header rules put it into requests that leave a sandbox (network/headerrules.h).
struct Secret
{
    std::string id;   ///< "sec_" + 20 of [a-z0-9]
    std::string name; ///< lower case; no two have the same
    std::string value;
    std::int64_t version = 1;
    std::map<std::string, std::string> metadata;
    Timestamp createdAt, updatedAt;
};

/// "Secret" of the specification: everything but the value.
[[nodiscard]] Json secretJson(const Secret &secret);

/// The secrets, in memory and in a file of their own that only its owner may read. io thread only.
class SecretStore final
{
public:
    static constexpr std::size_t kMost = 1000;
    using Metadata = std::map<std::string, std::string>;

    /// An unreadable file is an error rather than silently replaced.
    [[nodiscard]] static Result<std::unique_ptr<SecretStore>> open(std::filesystem::path file);

    [[nodiscard]] const std::vector<Secret> &all() const { return m_secrets; } ///< oldest first
    /// By id or name; null when unknown.
    [[nodiscard]] const Secret *find(std::string_view idOrName) const;

    /// Error 400 for a name, value or metadata that E2B would not take, 409 for a taken name, 429 when there are too
    /// many.
    [[nodiscard]] Result<Secret> create(std::string_view name, std::string value, Metadata metadata);
    /// A new version. Without `metadata` what was there stays. Error 404.
    [[nodiscard]] Result<Secret> update(std::string_view idOrName, std::string value, std::optional<Metadata> metadata);
    [[nodiscard]] Result<> remove(std::string_view idOrName); ///< error 404

private:
    explicit SecretStore(std::filesystem::path file) : m_file(std::move(file)) {}
    [[nodiscard]] Result<> load();
    /// Writes `secrets` to the file, and only then takes them.
    [[nodiscard]] Result<> keep(std::vector<Secret> secrets);

    std::filesystem::path m_file;
    std::vector<Secret> m_secrets;
};

} // namespace sandglass::engine
