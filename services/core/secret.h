#pragma once

#include <string>
#include <string_view>

namespace sandglass {

/// Replaces everything that looks like an E2B key ("e2b_…", "sk_e2b_…"), a bearer token, a webhook secret or an envd
/// access token in `text` by "e2b_***" or "***". For every text that goes to a log, an error or an export.
[[nodiscard]] std::string redacted(std::string_view text);

/// "e2b_" followed by hex digits: what the official SDKs demand before they send a request.
[[nodiscard]] bool isApiKeyShape(std::string_view key);

/// "e2b_12…cdef": first two and last four characters of the value, as the E2B dashboard shows keys.
[[nodiscard]] std::string maskedApiKey(std::string_view key);

/// Compares without telling by its duration where the difference is (the length may show).
[[nodiscard]] bool equalConstantTime(std::string_view a, std::string_view b);

} // namespace sandglass
