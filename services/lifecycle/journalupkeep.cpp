#include "services/lifecycle/journalupkeep.h"

#include "services/lifecycle/journalschema.h"

#include <algorithm>

namespace sandglass::lifecycle {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t largeStep = 2'000, smallStep = 200;        // events; patience ends the step sooner
constexpr std::int64_t manyBehind = 20'000;                      // after an import: nobody counts milliseconds
constexpr std::size_t manySandboxes = 2'000, fewSandboxes = 100; // of a step
constexpr std::int64_t mostBehind = 1'000'000;
constexpr auto largePatience = 30ms, smallPatience = 2ms; // deliveries wait for the end of a step
constexpr auto quietAfter = 1s;                           // without a delivery: the next one may wait for a large step
constexpr auto urgentEvery = 50ms;                        // a tenth of the time, while events keep coming
constexpr auto idleDelay = 200ms;                         // events in quick succession are folded together
constexpr auto lull = 2ms; // between a commit and what its senders send next there is less
constexpr auto retryDelay = 10s;
constexpr auto trimEvery = 10min;

} // namespace

JournalUpkeep::JournalUpkeep(Database &database, std::size_t hotLimit, std::chrono::hours keepFor,
                             std::function<void(std::int64_t)> onTrimmed)
    : m_database(database)
    , m_snapshot(database)
    , m_hotLimit(hotLimit)
    , m_keepFor(keepFor)
    , m_onTrimmed(std::move(onTrimmed))
{
    m_foldedSeq = m_snapshot.foldedSeq().value_or(0);
}

std::optional<std::chrono::milliseconds> JournalUpkeep::dueIn(std::int64_t lastSeq) const
{
    const auto now = steady_clock::now();
    if (now < m_retryAt)
        return std::chrono::ceil<std::chrono::milliseconds>(m_retryAt - now);
    if (m_phase != Phase::Done)
        return m_isPrepared && !m_isFarBehind ? idleDelay / 10 : lull;
    return lastSeq > foldedSeq() ? std::optional(std::chrono::milliseconds(idleDelay)) : std::nullopt;
}

bool JournalUpkeep::isUrgent(std::int64_t lastSeq) const
{
    return steady_clock::now() >= std::max(m_retryAt, m_nextUrgent)
        && (!m_isPrepared || lastSeq - foldedSeq() > mostBehind);
}

void JournalUpkeep::step(std::int64_t lastSeq, bool isIdle)
{
    const auto now = steady_clock::now();
    m_nextUrgent = now + urgentEvery;
    if (m_seenSeq >= 0 && lastSeq != m_seenSeq)
        m_seenAt = now;
    m_seenSeq = lastSeq;
    const bool isLarge = isIdle && now - m_seenAt >= quietAfter;
    m_isFarBehind = lastSeq - foldedSeq() > manyBehind;
    if (m_phase == Phase::Done)
        m_phase = Phase::CatchUp;
    const std::lock_guard lock(m_mutex);
    if (m_isHeld && (m_phase == Phase::Thaw || m_phase == Phase::Chill)) {
        m_phase = Phase::Trim;
        return;
    }
    const auto more = work(isLarge);
    if (more)
        next(*more);
    else
        failed(more.error());
}

Result<bool> JournalUpkeep::work(bool isLarge)
{
    switch (m_phase) {
    case Phase::CatchUp: {
        const auto more = m_snapshot.catchUp(isLarge ? largeStep : smallStep, isLarge ? largePatience : smallPatience);
        m_foldedSeq = m_snapshot.foldedSeq().value_or(0);
        return more;
    }
    case Phase::Thaw:
        return m_snapshot.thaw(isLarge ? manySandboxes : fewSandboxes);
    case Phase::Chill:
        return m_snapshot.chill(m_hotLimit, isLarge ? manySandboxes : fewSandboxes);
    case Phase::Trim:
        return trim(isLarge ? manySandboxes : fewSandboxes);
    case Phase::Done:
        break;
    }
    return false;
}

Result<bool> JournalUpkeep::trim(std::size_t limit)
{
    if (m_keepFor.count() <= 0 || steady_clock::now() < m_nextTrim)
        return false;
    const auto removed = m_snapshot.trim(systemNow() - m_keepFor, limit);
    if (!removed)
        return failure(removed.error());
    if (*removed > 0)
        m_onTrimmed(*removed);
    else
        m_nextTrim = steady_clock::now() + trimEvery;
    return *removed > 0;
}

void JournalUpkeep::next(bool isMore)
{
    if (isMore)
        return;
    m_phase = static_cast<Phase>(static_cast<int>(m_phase) + 1);
    if (m_phase != Phase::Done)
        return;
    m_isPrepared = true;
    m_prepared.notify_all();
}

void JournalUpkeep::failed(const Error &error)
{
    m_phase = Phase::CatchUp;
    // Not while somebody reads them: then the next start makes them anew.
    if (isTableDamage(error) && !m_isHeld && !m_snapshot.isTrimmed() && !std::exchange(m_wasDropped, true)
        && dropDerived(m_database)) {
        m_foldedSeq = 0;
        return;
    }
    m_retryAt = steady_clock::now() + retryDelay;
    m_isPrepared = true; // as far as it gets: readers take the rest from the events
    m_prepared.notify_all();
}

void JournalUpkeep::finish(std::int64_t lastSeq)
{
    constexpr std::int64_t little = 5'000;
    if (lastSeq > foldedSeq() && lastSeq - foldedSeq() <= little && steady_clock::now() >= m_retryAt)
        (void)m_snapshot.catchUp(static_cast<std::size_t>(little), largePatience);
}

void JournalUpkeep::forgo()
{
    const std::lock_guard lock(m_mutex);
    m_isPrepared = true;
    m_prepared.notify_all();
}

void JournalUpkeep::holdAs(JournalUpkeep &former)
{
    const std::scoped_lock lock(m_mutex, former.m_mutex);
    m_isHeld = former.m_isHeld;
    m_isPrepared = former.m_isPrepared;
}

bool JournalUpkeep::hold(const std::function<bool()> &isStopped)
{
    std::unique_lock lock(m_mutex);
    while (!m_isPrepared) {
        if (isStopped())
            return false;
        m_prepared.wait_for(lock, 20ms);
    }
    m_isHeld = true;
    return !isStopped();
}

} // namespace sandglass::lifecycle
