#pragma once

#include "services/lifecycle/signature.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandglass::lifecycle {

/// What is wrong with a delivery, as far as bytes can tell. The names are kept in quarantine files.
enum class Mistake : std::uint8_t {
    None, ///< correctly signed in the spelling E2B uses
    UrlSafeAlphabet,
    PaddedBase64,
    HexDigest,
    Base64OfHex,
    PrefixedSignature, ///< "sha256=…", "v1=…"
    MissingSignature,
    OldHeaderName, ///< x-e2b-signature and the like
    SeveralSignatures,
    EmptySignature,
    NotSha256,        ///< no form of a digest of 32 bytes
    Hmac,             ///< HMAC-SHA256 instead of the plain hash
    BodyBeforeSecret, ///< SHA-256(body + secret)
    BodyOnly,         ///< SHA-256(body), without the secret
    SeparatorAdded,   ///< something stands between secret and body
    SecretWithBlank,  ///< the sender's secret has blanks or a line break around it
    OtherSecret,      ///< right, but with another secret known here
    TrailingBlank,    ///< signed with or without the white space at the end of the body
    ByteOrderMark,    ///< signed with or without a byte order mark
    LineEndings,      ///< line ends were changed under way
    ReencodedBody,    ///< the JSON was written anew after (or for) signing: other blanks, order or escapes
    CompressedBody,   ///< gzip or another encoding: the signature is over other bytes
    DecodedAsText,    ///< bytes that are not UTF-8 were replaced under way
    ChangedByProxy,   ///< fits nothing, and a proxy has handled it
    UnknownVersion,   ///< e2b-signature-version other than v1
    WrongSecret,      ///< well formed, fits nothing: another secret, or another body
    NotJson,          ///< signed correctly, not an event
    ClockDiffers,     ///< signed correctly, its own time too far from ours
    TooLarge,
    WrongMethod,
    WrongPath,
};
inline constexpr int mistakeCount = static_cast<int>(Mistake::WrongPath) + 1;

struct Diagnosis
{
    Mistake mistake = Mistake::None;
    bool isProven = true; ///< false: the likeliest explanation
    std::string detail;   ///< label of the other secret, name of the header, the separator, …; no secret
    friend bool operator==(const Diagnosis &, const Diagnosis &) = default;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// Names the mistake in a delivery by trying the ways signatures go wrong. A pure function: any thread. Costs a few
/// dozen hashes of the body, and for bodies up to 64 KiB some ways of writing their JSON: not for every request of a
/// flood. Looks at headers, signature and body only; method, path, size and clock are for the caller to see.
[[nodiscard]] Diagnosis diagnose(const HeaderList &headers, std::string_view body,
                                 std::span<const SigningSecret> secrets);

[[nodiscard]] std::string_view toString(Mistake mistake);     ///< "hex_digest"
[[nodiscard]] Mistake mistakeFromName(std::string_view name); ///< WrongSecret for a name it does not know
/// One English sentence for logs and the API: what is wrong, and what to do.
[[nodiscard]] std::string explain(const Diagnosis &diagnosis);

} // namespace sandglass::lifecycle
