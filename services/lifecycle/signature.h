#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sandglass::lifecycle {

/// A secret the receiver knows. While a secret is being rotated the old and the new one are accepted.
struct SigningSecret
{
    std::string label; ///< for people: "current", "before 3 May"
    std::string value;
    bool isAccepted = true; ///< false: known to the doctor only
    friend bool operator==(const SigningSecret &, const SigningSecret &) = default;
};

/// base64(SHA-256(secret || body)) in the standard alphabet without padding: what E2B sends in `e2b-signature`.
[[nodiscard]] std::string signDelivery(std::string_view secret, std::string_view body);
/// The same 32 bytes, not encoded.
[[nodiscard]] std::string deliveryDigest(std::string_view secret, std::string_view body);

/// Accepts the standard and the URL-safe spelling, with or without padding and surrounding spaces. Constant time.
[[nodiscard]] bool verifyDelivery(std::string_view secret, std::string_view body, std::string_view signature);
/// True when one of the accepted secrets fits. Tries all of them, whichever fits.
[[nodiscard]] bool verifyDelivery(std::span<const SigningSecret> secrets, std::string_view body,
                                  std::string_view signature);

} // namespace sandglass::lifecycle
