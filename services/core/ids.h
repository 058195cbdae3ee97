#pragma once

#include <string>

namespace sandglass {

/// Random ids from the system's generator, in E2B's shapes. Throw nothing; abort when the system has no randomness.
[[nodiscard]] std::string newUuid();              ///< RFC 4122 version 4, lower case
[[nodiscard]] std::string newSandboxId();         ///< "i" + 20 of [a-z0-9]
[[nodiscard]] std::string newTemplateId();        ///< 20 of [a-z0-9]
[[nodiscard]] std::string newApiKey();            ///< "e2b_" + 40 hex digits
[[nodiscard]] std::string newHexToken(int bytes); ///< 2 x bytes hex digits
[[nodiscard]] std::string newWebhookSecret();     ///< 43 characters of base64url, 256 bits

} // namespace sandglass
