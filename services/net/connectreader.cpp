#include "services/net/connectreader.h"

#include "services/core/secret.h"

#include <algorithm>
#include <cstdint>

namespace sandglass::net {
namespace {

constexpr std::size_t headSize = 5;
constexpr unsigned endFlag = 0x02;

std::uint32_t lengthOf(std::string_view head)
{
    std::uint32_t length = 0;
    for (std::size_t i = 1; i < headSize; ++i)
        length = length << 8U | static_cast<unsigned char>(head[i]);
    return length;
}

} // namespace

std::string connectEnvelope(std::string_view json)
{
    const auto length = static_cast<std::uint32_t>(json.size());
    std::string result(1, '\0');
    for (int shift = 24; shift >= 0; shift -= 8)
        result += static_cast<char>(length >> static_cast<unsigned>(shift) & 0xFFU);
    result += json;
    return result;
}

Error connectError(const Json &error, int status)
{
    return {Error::Kind::Service, status, redacted(stringOr(error, "message", "the service gave no reason")),
            stringOr(error, "code", "unknown")};
}

tl::unexpected<Error> ConnectReader::fail(std::string message)
{
    m_isStopped = true;
    m_buffer = {};
    return failure(Error::Kind::Decode, std::move(message));
}

Result<> ConnectReader::feed(std::string_view piece, const Sink &sink)
{
    while (!m_isStopped) {
        if (m_buffer.size() < headSize) {
            const std::size_t take = std::min(headSize - m_buffer.size(), piece.size());
            m_buffer += piece.substr(0, take);
            piece.remove_prefix(take);
            if (m_buffer.size() < headSize)
                return {};
        }
        const std::size_t length = lengthOf(m_buffer);
        if (length > m_payloadLimit)
            return fail("a message of the stream is longer than " + std::to_string(m_payloadLimit) + " bytes");
        const std::size_t take = std::min(headSize + length - m_buffer.size(), piece.size());
        m_buffer += piece.substr(0, take);
        piece.remove_prefix(take);
        if (m_buffer.size() < headSize + length)
            return {};
        const std::string whole = std::exchange(m_buffer, {});
        const auto flags = static_cast<unsigned char>(whole[0]);
        if (auto outcome = envelope(flags, std::string_view(whole).substr(headSize), sink); !outcome)
            return outcome;
    }
    return {};
}

Result<> ConnectReader::envelope(unsigned flags, std::string_view payload, const Sink &sink)
{
    if ((flags & ~endFlag) != 0)
        return fail("a message of the stream has flags this client does not understand: " + std::to_string(flags));
    const auto message = parseJson(payload);
    if (!message)
        return fail("a message of the stream is not JSON");
    if ((flags & endFlag) == 0) {
        sink(*message);
        return {};
    }
    m_isStopped = true;
    const Json &error = memberOr(*message, "error");
    if (error.is_object())
        return failure(connectError(error, 200));
    m_isComplete = true;
    return {};
}

} // namespace sandglass::net
