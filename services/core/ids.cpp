#include "services/core/ids.h"

#include "services/core/base64.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace sandglass {

namespace {

std::vector<std::uint8_t> randomBytes(std::size_t count)
{
    std::vector<std::uint8_t> bytes(count);
    std::size_t filled = 0;
    while (filled < count) {
        const ssize_t got = ::getrandom(bytes.data() + filled, count - filled, 0);
        if (got < 0 && errno != EINTR)
            std::abort(); // secrets must never come from anything else
        if (got > 0)
            filled += static_cast<std::size_t>(got);
    }
    return bytes;
}

std::string hexOf(const std::vector<std::uint8_t> &bytes)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::string lowerAlphanumeric(std::size_t count)
{
    static constexpr char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string text;
    while (text.size() < count) {
        for (const std::uint8_t byte : randomBytes(count)) {
            if (byte < 252 && text.size() < count) // 252 = 7 x 36: no letter is likelier than another
                text += alphabet[byte % 36];
        }
    }
    return text;
}

} // namespace

std::string newUuid()
{
    auto bytes = randomBytes(16);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    std::string text = hexOf(bytes);
    for (const std::size_t dash : {20U, 16U, 12U, 8U})
        text.insert(dash, 1, '-');
    return text;
}

std::string newSandboxId()
{
    return "i" + lowerAlphanumeric(20);
}

std::string newTemplateId()
{
    return lowerAlphanumeric(20);
}

std::string newApiKey()
{
    return "e2b_" + newHexToken(20);
}

std::string newHexToken(int bytes)
{
    return hexOf(randomBytes(static_cast<std::size_t>(bytes)));
}

std::string newWebhookSecret()
{
    const auto bytes = randomBytes(32);
    return base64UrlEncode(std::string(bytes.begin(), bytes.end()));
}

} // namespace sandglass
