#pragma once

#include "services/lifecycle/journal.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace sandglass::bench {

/// Appends without ever having many wait, and counts what was new.
class Filler final
{
public:
    explicit Filler(lifecycle::Journal &journal) : m_journal(journal) {}
    void append(lifecycle::Event event)
    {
        if (event.raw.empty())
            event.raw = lifecycle::encodeEvent(event);
        std::unique_lock lock(m_mutex);
        m_settled.wait(lock, [&] { return m_waiting < 2'000; });
        ++m_waiting;
        ++m_given;
        lock.unlock();
        m_journal.append(std::move(event), [this](lifecycle::Journal::Outcome outcome) {
            const std::lock_guard guard(m_mutex);
            --m_waiting;
            m_stored += outcome == lifecycle::Journal::Outcome::Stored ? 1 : 0;
            m_settled.notify_one();
        });
    }
    /// Waits for all; false when one was not stored.
    [[nodiscard]] bool finish()
    {
        std::unique_lock lock(m_mutex);
        m_settled.wait(lock, [&] { return m_waiting == 0; });
        return m_stored == m_given;
    }

private:
    lifecycle::Journal &m_journal;
    std::mutex m_mutex;
    std::condition_variable m_settled;
    int m_waiting = 0, m_given = 0, m_stored = 0;
};

} // namespace sandglass::bench
