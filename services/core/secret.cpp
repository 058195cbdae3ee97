#include "services/core/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace sandglass {

namespace {

constexpr std::string_view keyPrefix = "e2b_";

bool isHex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool isTokenChar(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.' || c == '+' || c == '/'
        || c == '=';
}

bool startsWithNoCase(std::string_view text, std::string_view lowerPrefix)
{
    return text.size() >= lowerPrefix.size()
        && std::ranges::equal(text.substr(0, lowerPrefix.size()), lowerPrefix,
                              [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

/// Names after which a value is a secret, in JSON, headers and query strings alike.
constexpr std::array<std::string_view, 9> secretNames = {
    "x-api-key",          "x-access-token",  "e2b-traffic-access-token",
    "authorization",      "signaturesecret", "envdaccesstoken",
    "trafficaccesstoken", "bearer",          "sandglass_webhook_secret"};

/// Whether a name or a key may begin with `c`: most characters of a text are passed over by this alone.
bool mayBegin(char c)
{
    static const auto table = [] {
        std::array<bool, 256> begins{};
        begins[static_cast<unsigned char>(keyPrefix.front())] = true;
        for (const std::string_view name : secretNames) {
            begins[static_cast<unsigned char>(name.front())] = true;
            begins[static_cast<unsigned char>(std::toupper(name.front()))] = true;
        }
        return begins;
    }();
    return table[static_cast<unsigned char>(c)];
}

} // namespace

std::string redacted(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    std::size_t i = 0;
    while (i < text.size()) {
        const auto plain = std::ranges::find_if(text.substr(i), mayBegin) - text.substr(i).begin();
        out += text.substr(i, static_cast<std::size_t>(plain));
        i += static_cast<std::size_t>(plain);
        const std::string_view rest = text.substr(i);
        if (rest.empty())
            break;
        if (rest.starts_with(keyPrefix) && rest.size() > keyPrefix.size() && isHex(rest[keyPrefix.size()])) {
            std::size_t end = keyPrefix.size();
            while (end < rest.size() && std::isalnum(static_cast<unsigned char>(rest[end])) != 0)
                ++end;
            out += "e2b_***";
            i += end;
            continue;
        }
        const auto name = std::ranges::find_if(secretNames, [&](auto n) { return startsWithNoCase(rest, n); });
        if (name != secretNames.end()) {
            std::size_t end = name->size();
            while (end < rest.size() && std::string_view("\"': =\t").find(rest[end]) != std::string_view::npos)
                ++end;
            const std::size_t value = end;
            while (end < rest.size() && isTokenChar(rest[end]))
                ++end;
            // "Authorization: Bearer x": the scheme is no secret, the next word is; the loop meets it by itself.
            const bool isScheme =
                startsWithNoCase(rest.substr(value), "bearer ") || startsWithNoCase(rest.substr(value), "basic ");
            out += rest.substr(0, value);
            if (!isScheme && end > value)
                out += "***";
            i += isScheme ? value : end;
            continue;
        }
        out += text[i++];
    }
    return out;
}

bool isApiKeyShape(std::string_view key)
{
    return key.size() > keyPrefix.size() && key.starts_with(keyPrefix)
        && std::ranges::all_of(key.substr(keyPrefix.size()), isHex);
}

std::string maskedApiKey(std::string_view key)
{
    const std::string_view value = key.starts_with(keyPrefix) ? key.substr(keyPrefix.size()) : key;
    if (value.size() < 12)
        return "***";
    return std::string(keyPrefix) + std::string(value.substr(0, 2)) + "…" + std::string(value.substr(value.size() - 4));
}

bool equalConstantTime(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace sandglass
