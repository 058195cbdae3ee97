#pragma once

#include "services/lifecycle/event.h"
#include "services/lifecycle/journal.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sandglass::lifecycle {

/// An event on its way into the journal.
struct Append
{
    Event event;
    Journal::Done done;
    Journal::Outcome outcome = Journal::Outcome::Failed;
    std::int64_t seq = 0; ///< in the journal; 0: not new
};

/// What waits for the journal's writer, bounded. Without a lock of its own.
class AppendQueue final
{
public:
    /// `byteLimit` of raw events; a single one may be larger.
    AppendQueue(std::size_t countLimit, std::size_t byteLimit) : m_countLimit(countLimit), m_byteLimit(byteLimit) {}

    [[nodiscard]] std::size_t size() const { return m_items.size() - m_begin; }
    /// False, and `item` is as it was, when there is no room.
    [[nodiscard]] bool push(Append &item);
    /// The next ones into `batch`, which is empty: at most `mostEvents`, and no more after `mostBytes`. No item moves
    /// when that is all of them.
    void take(std::vector<Append> &batch, std::size_t mostEvents, std::size_t mostBytes);

private:
    const std::size_t m_countLimit, m_byteLimit;
    std::vector<Append> m_items;
    std::size_t m_begin = 0; ///< those before it have been taken
    std::size_t m_bytes = 0;
};

} // namespace sandglass::lifecycle
