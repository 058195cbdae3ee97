#pragma once

#include "services/core/result.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace sandglass::net {

/// An event of a text/event-stream (WHATWG HTML 9.2).
struct SseEvent
{
    std::string name; ///< empty: "message"
    std::string data; ///< its lines joined by a newline
};

/// Cuts server-sent events out of pieces of any size. Memory is bounded by the longest event allowed. Comments, ids and
/// retry times are passed over. After an error nothing more is read.
class SseReader final
{
public:
    explicit SseReader(std::size_t eventLimit = 1U << 20) : m_eventLimit(eventLimit) {}

    /// Called once per event that has data, in order. Returning false stops reading; the rest is dropped.
    using Sink = std::function<bool(const SseEvent &)>;

    /// Error (Decode): an event, or a line of it, that is too long.
    [[nodiscard]] Result<> feed(std::string_view piece, const Sink &sink);
    /// The stream ended: an event whose empty line is missing counts all the same, as servers forget it.
    void finish(const Sink &sink);

private:
    void endLine(const Sink &sink);
    void endEvent(const Sink &sink);

    std::size_t m_eventLimit;
    std::string m_line;
    SseEvent m_event;
    bool m_hasData = false;
    bool m_wasCarriageReturn = false;
    bool m_isFirstLine = true;
    bool m_isStopped = false;
};

} // namespace sandglass::net
