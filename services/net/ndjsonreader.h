#pragma once

#include "services/core/json.h"
#include "services/core/result.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace sandglass::net {

/// Cuts newline-delimited JSON out of pieces of any size. Memory is bounded by the longest line allowed.
/// After an error nothing more is read.
class NdjsonReader final
{
public:
    /// A result may hold a picture, so lines are long; above `lineLimit` bytes the stream is not believed.
    explicit NdjsonReader(std::size_t lineLimit = 32U << 20) : m_lineLimit(lineLimit) {}

    /// Called once per value, in order. Returning false stops reading (feed() then succeeds, the rest is dropped).
    using Sink = std::function<bool(const Json &)>;

    /// Error (Decode): a line that is not JSON, or too long. Empty lines and CR before LF are tolerated.
    [[nodiscard]] Result<> feed(std::string_view piece, const Sink &sink);
    /// The stream ended: a last line without its newline counts when it is whole JSON.
    [[nodiscard]] Result<> finish(const Sink &sink);

private:
    [[nodiscard]] Result<bool> line(std::string_view text, const Sink &sink);
    tl::unexpected<Error> fail(std::string message);

    std::size_t m_lineLimit;
    std::string m_rest;
    bool m_isStopped = false;
};

} // namespace sandglass::net
