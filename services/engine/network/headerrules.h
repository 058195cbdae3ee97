#pragma once

#include "services/core/json.h"
#include "services/core/result.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandglass::engine {

/// Headers that are set in requests which leave a sandbox for a domain (network.rules of the API).
class HeaderRules final
{
public:
    using Headers = std::vector<std::pair<std::string, std::string>>;

    /// `rules` is the API's object or null. Error 400 in E2B's words: no such domain, header or value, or too many.
    [[nodiscard]] static Result<HeaderRules> parse(const Json &rules);

    /// What is set for that host as the client wrote it; null when nothing is.
    [[nodiscard]] const Headers *find(std::string_view host) const;

private:
    std::map<std::string, Headers> m_byDomain; ///< lower case
};

/// The value of the secret with that name; none when there is no such.
using SecretLookup = std::function<std::optional<std::string>(const std::string &name)>;

/// `text` with a secret's value in the place of each "${e2b.secrets.NAME}". The error names the secret that is missing,
/// and never a value.
[[nodiscard]] Result<std::string> withSecrets(std::string_view text, const SecretLookup &secret);

/// Sets `headers` in the head of a request, in the place of those that have the same names. The values hold no secrets'
/// names any more.
void setHeaders(std::string &head, const HeaderRules::Headers &headers);

} // namespace sandglass::engine
