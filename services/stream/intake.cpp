#include "services/stream/intake.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace sandglass::stream {

struct Intake::Shared
{
    struct Entry
    {
        Position position;
        bool isSettled = false;
    };

    std::mutex mutex;
    std::condition_variable moved;
    std::deque<Entry> entries;     ///< in order of the stream
    std::uint64_t firstNumber = 0; ///< of entries.front()
    std::size_t underWay = 0;
    Progress progress;
    bool isWoken = false;
    std::function<void()> wake; ///< empty once the intake is gone

    void settle(std::uint64_t number, lifecycle::Journal::Outcome outcome);
    void advance();
};

void Intake::Shared::settle(std::uint64_t number, lifecycle::Journal::Outcome outcome)
{
    using Outcome = lifecycle::Journal::Outcome;
    const std::lock_guard lock(mutex); // wake is called under it, so that the intake cannot go meanwhile
    --underWay;
    moved.notify_one();
    if (outcome == Outcome::Failed || outcome == Outcome::Busy) {
        progress.hasFailed = true;
    } else {
        ++(outcome == Outcome::Stored ? progress.stored : progress.duplicates);
        entries[number - firstNumber].isSettled = true;
        advance();
    }
    if (wake && !std::exchange(isWoken, true))
        wake();
}

void Intake::Shared::advance()
{
    while (!entries.empty() && entries.front().isSettled) {
        progress.position = std::move(entries.front().position);
        entries.pop_front();
        ++firstNumber;
    }
}

Intake::Intake(lifecycle::Journal &journal, Position position, std::size_t limit, std::function<void()> wake)
    : m_journal(journal), m_limit(limit), m_shared(std::make_shared<Shared>())
{
    m_shared->progress.position = std::move(position);
    m_shared->wake = std::move(wake);
}

Intake::~Intake()
{
    const std::lock_guard lock(m_shared->mutex);
    m_shared->wake = {};
}

bool Intake::take(lifecycle::Event event, std::int64_t seq, std::chrono::milliseconds patience)
{
    std::uint64_t number = 0;
    {
        std::unique_lock lock(m_shared->mutex);
        if (!m_shared->moved.wait_for(lock, patience, [this] { return m_shared->underWay < m_limit; }))
            return false;
        if (m_shared->progress.hasFailed)
            return false;
        number = m_shared->firstNumber + m_shared->entries.size();
        m_shared->entries.push_back({{event.id, seq}});
        ++m_shared->underWay;
    }
    m_journal.append(std::move(event), [shared = m_shared, number](lifecycle::Journal::Outcome outcome) {
        shared->settle(number, outcome);
    });
    return true;
}

void Intake::skip(std::string id, std::int64_t seq)
{
    const std::lock_guard lock(m_shared->mutex);
    m_shared->entries.push_back({{std::move(id), seq}, true});
    m_shared->advance();
}

void Intake::settle(std::chrono::milliseconds patience)
{
    std::unique_lock lock(m_shared->mutex);
    m_shared->moved.wait_for(lock, patience, [this] { return m_shared->underWay == 0; });
}

Intake::Progress Intake::progress()
{
    const std::lock_guard lock(m_shared->mutex);
    m_shared->isWoken = false;
    return m_shared->progress;
}

} // namespace sandglass::stream
