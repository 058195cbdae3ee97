#pragma once

#include <string>
#include <string_view>

namespace sandglass::lifecycle {

/// base64(SHA-256(secret || body)) in the standard alphabet without padding: what E2B sends in `e2b-signature`.
[[nodiscard]] std::string signDelivery(std::string_view secret, std::string_view body);

/// Accepts the standard and the URL-safe spelling, with or without padding and surrounding spaces. Constant time.
[[nodiscard]] bool verifyDelivery(std::string_view secret, std::string_view body, std::string_view signature);

} // namespace sandglass::lifecycle
