#include "services/lifecycle/doctor.h"

#include "services/core/base64.h"
#include "services/lifecycle/doctorvariants.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t digestSize = 32;
constexpr std::string_view signatureHeader = "e2b-signature";

bool equalsNoCase(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b,
                              [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view headerOf(const HeaderList &headers, std::string_view name)
{
    const auto it = std::ranges::find_if(headers, [&](const auto &header) { return equalsNoCase(header.first, name); });
    return it == headers.end() ? std::string_view() : std::string_view(it->second);
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view space = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
    return text.substr(0, text.find_last_not_of(space) + 1);
}

/// The digest a signature header carries, and how it is spelt.
struct Spelling
{
    std::string digest; ///< empty: none
    Mistake mistake = Mistake::None;
    std::string detail;
};

std::optional<std::string> fromHex(std::string_view text)
{
    if (text.size() % 2 != 0 || text.empty())
        return std::nullopt;
    const auto value = [](char c) {
        return c >= '0' && c <= '9' ? c - '0'
            : c >= 'a' && c <= 'f'  ? c - 'a' + 10
            : c >= 'A' && c <= 'F'  ? c - 'A' + 10
                                    : -1;
    };
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = value(text[i]), low = value(text[i + 1]);
        if (high < 0 || low < 0)
            return std::nullopt;
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

Spelling spellingOf(std::string_view text)
{
    if (const auto bytes = fromHex(text); bytes && bytes->size() == digestSize)
        return {*bytes, Mistake::HexDigest, {}};
    const auto bytes = base64Decode(text);
    if (bytes && bytes->size() == digestSize) {
        if (text.ends_with('='))
            return {*bytes, Mistake::PaddedBase64, {}};
        const bool isUrlSafe = text.find_first_of("-_") != text.npos;
        return {*bytes, isUrlSafe ? Mistake::UrlSafeAlphabet : Mistake::None, {}};
    }
    if (bytes) {
        if (const auto inner = fromHex(*bytes); inner && inner->size() == digestSize)
            return {*inner, Mistake::Base64OfHex, {}};
    }
    return {};
}

Spelling readSignature(std::string_view text)
{
    text = trimmed(text);
    if (Spelling plain = spellingOf(text); !plain.digest.empty())
        return plain;
    if (const std::size_t mark = text.find_first_of("=, "); mark != text.npos && mark < 16) {
        if (Spelling rest = spellingOf(trimmed(text.substr(mark + 1))); !rest.digest.empty())
            return {rest.digest, Mistake::PrefixedSignature, std::string(text.substr(0, mark + 1))};
    }
    return {};
}

std::string hmac(std::string_view secret, std::string_view body)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
              reinterpret_cast<const unsigned char *>(body.data()), body.size(), out.data(), &size))
        return {};
    return {reinterpret_cast<const char *>(out.data()), size};
}

/// The ways to sign `body` itself.
std::optional<Diagnosis> tryConstructions(const Spelling &given, std::string_view body, const SigningSecret &secret)
{
    const std::string &key = secret.value;
    if (deliveryDigest(key, body) == given.digest) {
        if (!secret.isAccepted)
            return Diagnosis{Mistake::OtherSecret, true, secret.label};
        return Diagnosis{given.mistake, true, given.detail};
    }
    if (hmac(key, body) == given.digest)
        return Diagnosis{Mistake::Hmac, true, secret.isAccepted ? "" : secret.label};
    if (deliveryDigest(body, key) == given.digest)
        return Diagnosis{Mistake::BodyBeforeSecret, true, {}};
    for (const char *separator : {".", ":", "\n", " ", "|", "&"}) {
        if (deliveryDigest(key + separator, body) == given.digest) {
            const bool isBlank = *separator == '\n' || *separator == ' '; // the same bytes as a secret that ends so
            return Diagnosis{isBlank ? Mistake::SecretWithBlank : Mistake::SeparatorAdded, true,
                             *separator == '\n' ? "line break" : separator};
        }
    }
    const std::string_view bare = trimmed(key);
    for (const std::string &other : {std::string(bare), key + "\r\n", " " + key, "\"" + key + "\""}) {
        if (other != key && deliveryDigest(other, body) == given.digest)
            return Diagnosis{Mistake::SecretWithBlank, true, {}};
    }
    return std::nullopt;
}

/// Bodies that may have been signed in place of the one that arrived.
std::optional<Diagnosis> tryBodies(const Spelling &given, std::string_view body, std::span<const SigningSecret> secrets)
{
    std::optional<Diagnosis> found;
    forEachBodyVariant(body, [&](Mistake mistake, std::string_view detail, std::string_view variant) {
        for (const SigningSecret &secret : secrets) {
            if (deliveryDigest(secret.value, variant) == given.digest || hmac(secret.value, variant) == given.digest) {
                found = Diagnosis{mistake, true, std::string(detail)};
                return false;
            }
        }
        return true;
    });
    return found;
}

Diagnosis withoutSignature(const HeaderList &headers)
{
    for (const char *name : {"x-e2b-signature", "x-signature", "x-webhook-signature", "x-hub-signature-256",
                             "webhook-signature", "signature", "e2b_signature"}) {
        if (!headerOf(headers, name).empty())
            return {Mistake::OldHeaderName, true, name};
    }
    return {Mistake::MissingSignature, true, {}};
}

bool looksCompressed(std::string_view body)
{
    return body.starts_with("\x1f\x8b") || body.starts_with("\x28\xb5\x2f\xfd");
}

std::string proxyTrace(const HeaderList &headers)
{
    for (const char *name : {"via", "forwarded", "x-forwarded-for", "cf-ray", "x-amzn-trace-id", "x-real-ip"}) {
        if (!headerOf(headers, name).empty())
            return name;
    }
    return {};
}

/// Nothing fits: what the circumstances say.
Diagnosis fromCircumstances(const HeaderList &headers, std::string_view body)
{
    const std::string_view encoding = trimmed(headerOf(headers, "content-encoding"));
    if (looksCompressed(body) || (!encoding.empty() && !equalsNoCase(encoding, "identity")))
        return {Mistake::CompressedBody, false, std::string(encoding.substr(0, 32))};
    if (body.find("\xef\xbf\xbd") != body.npos)
        return {Mistake::DecodedAsText, false, {}};
    const std::string_view version = trimmed(headerOf(headers, "e2b-signature-version"));
    if (!version.empty() && version != "v1")
        return {Mistake::UnknownVersion, false, std::string(version.substr(0, 32))};
    if (std::string proxy = proxyTrace(headers); !proxy.empty())
        return {Mistake::ChangedByProxy, false, std::move(proxy)};
    return {Mistake::WrongSecret, false, {}};
}

} // namespace

Diagnosis diagnose(const HeaderList &headers, std::string_view body, std::span<const SigningSecret> secrets)
{
    const auto count =
        std::ranges::count_if(headers, [](const auto &header) { return equalsNoCase(header.first, signatureHeader); });
    if (count == 0)
        return withoutSignature(headers);
    if (count > 1)
        return {Mistake::SeveralSignatures, true, std::to_string(count)};
    const std::string_view text = headerOf(headers, signatureHeader);
    if (trimmed(text).empty())
        return {Mistake::EmptySignature, true, {}};
    const Spelling given = readSignature(text.substr(0, 256));
    if (given.digest.empty())
        return {Mistake::NotSha256, true, {}};

    for (const bool accepted : {true, false}) {
        for (const SigningSecret &secret : secrets) {
            if (secret.isAccepted != accepted)
                continue;
            if (auto found = tryConstructions(given, body, secret))
                return *found;
        }
    }
    if (deliveryDigest({}, body) == given.digest)
        return {Mistake::BodyOnly, true, {}};
    if (auto found = tryBodies(given, body, secrets))
        return *found;
    return fromCircumstances(headers, body);
}

} // namespace sandglass::lifecycle
