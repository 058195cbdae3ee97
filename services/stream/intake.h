#pragma once

#include "services/lifecycle/journal.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sandglass::stream {

/// How far a stream has been taken over.
struct Position
{
    std::string id;       ///< empty = from the beginning
    std::int64_t seq = 0; ///< at the collector
    friend bool operator==(const Position &, const Position &) = default;
};

/// Events of one collector on their way into the journal. The position moves in order and only over what is durable.
/// Belongs to one thread; the journal answers on its own.
class Intake final
{
public:
    /// `wake` is called on the journal's thread when there is progress to be fetched, not again before progress().
    Intake(lifecycle::Journal &journal, Position position, std::size_t limit, std::function<void()> wake);
    ~Intake(); ///< what is under way still arrives in the journal
    Intake(const Intake &) = delete;
    Intake &operator=(const Intake &) = delete;

    /// Waits while `limit` events are under way: the journal sets the pace. False: it did not go on for `patience`.
    [[nodiscard]] bool take(lifecycle::Event event, std::int64_t seq, std::chrono::milliseconds patience);
    /// For an event that cannot be used: the position moves over it in its turn.
    void skip(std::string id, std::int64_t seq);

    /// Waits until nothing is under way any more.
    void settle(std::chrono::milliseconds patience);

    struct Progress
    {
        Position position;
        std::uint64_t stored = 0;
        std::uint64_t duplicates = 0;
        bool hasFailed = false; ///< the journal refused an event; the position stays before it for good
    };
    [[nodiscard]] Progress progress();

private:
    struct Shared;
    lifecycle::Journal &m_journal;
    const std::size_t m_limit;
    std::shared_ptr<Shared> m_shared;
};

} // namespace sandglass::stream
