#pragma once

#include "services/lifecycle/snapshot.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace sandglass::lifecycle {

/// Keeps the derived tables near the events, in small steps on the journal's writer thread whenever it has nothing
/// better to do. A failure is no harm: the events are safe, and the next start or step goes on where this one stopped.
class JournalUpkeep final
{
public:
    /// `keepFor` zero: events are kept for ever. `onTrimmed` hears how many have left, on the writer thread.
    JournalUpkeep(Database &database, std::size_t hotLimit, std::chrono::hours keepFor,
                  std::function<void(std::int64_t)> onTrimmed);
    [[nodiscard]] bool isValid() const { return m_snapshot.isValid(); }
    void forgo();                       ///< nothing can be written: readers take the rest from the events
    void holdAs(JournalUpkeep &former); ///< in place of it: what it was made to hold is held on

    // The writer thread.
    /// How long to wait for events before a step; empty when there is nothing to do.
    [[nodiscard]] std::optional<std::chrono::milliseconds> dueIn(std::int64_t lastSeq) const;
    /// True when events should wait for a step: the tables are too far behind.
    [[nodiscard]] bool isUrgent(std::int64_t lastSeq) const;
    /// Some 30 ms at most; some 5 ms while deliveries come.
    void step(std::int64_t lastSeq, bool isIdle);
    void finish(std::int64_t lastSeq); ///< before the journal closes: what little is left

    // Any thread.
    [[nodiscard]] bool hold(const std::function<bool()> &isStopped);
    [[nodiscard]] std::int64_t foldedSeq() const { return m_foldedSeq.load(std::memory_order_relaxed); }

private:
    enum class Phase { CatchUp, Thaw, Chill, Trim, Done };
    [[nodiscard]] Result<bool> work(bool isLarge);
    [[nodiscard]] Result<bool> trim(std::size_t limit);
    void next(bool isMore);
    void failed(const Error &error);

    Database &m_database;
    Snapshot m_snapshot;
    std::size_t m_hotLimit;
    std::chrono::hours m_keepFor;
    std::function<void(std::int64_t)> m_onTrimmed;
    std::chrono::steady_clock::time_point m_nextTrim{};
    Phase m_phase = Phase::CatchUp;
    std::chrono::steady_clock::time_point m_retryAt{};
    std::chrono::steady_clock::time_point m_nextUrgent{};
    bool m_wasDropped = false;
    bool m_isFarBehind = false;
    std::int64_t m_seenSeq = -1; ///< before the first step: what is there has not just arrived
    std::chrono::steady_clock::time_point m_seenAt{};
    std::atomic<std::int64_t> m_foldedSeq{0};

    std::mutex m_mutex; ///< held during a step that moves sandboxes, too
    std::condition_variable m_prepared;
    bool m_isPrepared = false;
    bool m_isHeld = false;
};

} // namespace sandglass::lifecycle
