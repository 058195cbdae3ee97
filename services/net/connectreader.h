#pragma once

#include "services/core/json.h"
#include "services/core/result.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace sandglass::net {

/// One Connect envelope around a JSON message: flags, 32-bit big-endian length, payload (e2b-protocol: Connect RPC).
[[nodiscard]] std::string connectEnvelope(std::string_view json);

/// Error of a unary or streamed Connect answer: {"code": "not_found", "message": "…"}. `status` as HTTP gave it.
[[nodiscard]] Error connectError(const Json &error, int status);

/// Cuts Connect server-stream envelopes out of pieces of any size. Memory is bounded by `payloadLimit`.
/// After an error or the end envelope nothing more is read.
class ConnectReader final
{
public:
    explicit ConnectReader(std::size_t payloadLimit = 16U << 20) : m_payloadLimit(payloadLimit) {}

    using Sink = std::function<void(const Json &)>;

    /// Errors: Decode (compressed, unknown flags, too long, not JSON), Service (the end envelope holds an error, its
    /// Connect code in Error::code).
    [[nodiscard]] Result<> feed(std::string_view piece, const Sink &sink);
    /// True once the end envelope without an error was read. A stream that ends before was cut.
    [[nodiscard]] bool isComplete() const { return m_isComplete; }

private:
    [[nodiscard]] Result<> envelope(unsigned flags, std::string_view payload, const Sink &sink);
    tl::unexpected<Error> fail(std::string message);

    std::size_t m_payloadLimit;
    std::string m_buffer;
    bool m_isComplete = false;
    bool m_isStopped = false;
};

} // namespace sandglass::net
