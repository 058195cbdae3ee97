#include "services/lifecycle/signature.h"

#include "services/core/base64.h"
#include "services/core/secret.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t reasonable = 128; // a SHA-256 in base64 has 43 characters

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

// Looking the digest up by name costs more than hashing a delivery: it is fetched once and lives until exit.
const EVP_MD *sha256()
{
    static EVP_MD *const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return digest;
}

// "-_" to "+/", without surrounding space and padding.
std::string normalised(std::string_view signature)
{
    constexpr std::string_view space = " \t\r\n";
    signature.remove_prefix(std::min(signature.find_first_not_of(space), signature.size()));
    signature = signature.substr(0, signature.find_last_not_of(space) + 1);
    signature = signature.substr(0, signature.find_last_not_of('=') + 1);
    std::string text(signature);
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    return text;
}

} // namespace

std::string deliveryDigest(std::string_view secret, std::string_view body)
{
    thread_local const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    if (!context || !sha256() || EVP_DigestInit_ex2(context.get(), sha256(), nullptr) != 1
        || EVP_DigestUpdate(context.get(), secret.data(), secret.size()) != 1
        || EVP_DigestUpdate(context.get(), body.data(), body.size()) != 1
        || EVP_DigestFinal_ex(context.get(), hash.data(), &size) != 1)
        std::abort(); // an OpenSSL without SHA-256: no signature made up from anything else could be trusted
    return {reinterpret_cast<const char *>(hash.data()), size};
}

std::string signDelivery(std::string_view secret, std::string_view body)
{
    return base64EncodeNoPad(deliveryDigest(secret, body));
}

bool verifyDelivery(std::string_view secret, std::string_view body, std::string_view signature)
{
    if (signature.size() > reasonable)
        return false;
    return equalConstantTime(signDelivery(secret, body), normalised(signature));
}

bool verifyDelivery(std::span<const SigningSecret> secrets, std::string_view body, std::string_view signature)
{
    if (signature.size() > reasonable)
        return false;
    const std::string given = normalised(signature);
    bool isCorrect = false;
    for (const SigningSecret &secret : secrets) {
        if (secret.isAccepted && equalConstantTime(signDelivery(secret.value, body), given))
            isCorrect = true;
    }
    return isCorrect;
}

} // namespace sandglass::lifecycle
