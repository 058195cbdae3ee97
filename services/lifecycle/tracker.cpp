#include "services/lifecycle/tracker.h"

#include "services/lifecycle/snapshot.h"
#include "services/lifecycle/trackerhistory.h"

#include <sqlite3.h>

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <utility>

namespace sandglass::lifecycle {

namespace {

constexpr int publishIntervalMs = 50;
constexpr int sliceMs = 4;
constexpr int restMs = 10; ///< between slices of a flood: one for each commit would cost more than its events
constexpr std::size_t settleLimit = 64;     ///< sandboxes; of a flood about one sandbox each slice derives it once
constexpr std::size_t historyLimit = 4'000; ///< replayed events waiting for the UI thread; the worker pauses above it
constexpr std::size_t liveLimit = 20'000;   ///< new events waiting; above it they are read from the journal later
constexpr std::size_t liveByteLimit = 32U << 20;
constexpr std::size_t recordedReserve = 2'000; ///< events; of a flood as many come again in the next 50 ms
constexpr std::int64_t tenthsPerHour = 36'000;

/// Own times of the events of the last hour that are in the tables already, to count them.
std::vector<Timestamp> recentTimes(Database &database, std::int64_t upToSeq, Timestamp now)
{
    constexpr std::size_t most = 200'000;
    std::vector<Timestamp> times;
    Statement select(database, "SELECT time_ns, received_ns FROM events WHERE seq <= ?1 ORDER BY seq DESC");
    select.bind(1, upToSeq);
    while (times.size() < most && select.step() == SQLITE_ROW
           && select.integer(1) > toUnixNs(now - std::chrono::hours(1)))
        times.push_back(fromUnixNs(select.integer(0)));
    return times;
}

} // namespace

struct Tracker::Start
{
    HotState hot;
    UsageIndex usage;
    std::unique_ptr<History> history;
    std::vector<Timestamp> times;

    static Result<Start> load(const std::filesystem::path &file, const cost::RateCard &card, Timestamp now)
    {
        auto history = History::open(file);
        if (!history)
            return failure(std::move(history.error()));
        auto database = Database::open(file, Database::Mode::ReadOnly);
        if (!database)
            return failure(std::move(database.error()));
        auto hot = loadHot(*database);
        if (!hot)
            return failure(std::move(hot.error()));
        Start start{std::move(*hot), UsageIndex(card), std::move(*history), {}};
        for (const auto &[id, sandbox] : start.hot.fold.sandboxes())
            start.usage.update(sandbox);
        start.times = recentTimes(*database, start.hot.seq, now);
        return start;
    }
};

struct Tracker::Inbox
{
    std::mutex mutex;
    std::condition_variable room;
    Tracker *tracker = nullptr; ///< null once it is gone
    bool isRung = false;        ///< the tracker has been told and has not looked yet

    std::unique_ptr<Start> start;                 ///< from the worker, before its events
    std::deque<std::vector<StoredEvent>> history; ///< from the worker
    std::size_t historyCount = 0;
    bool isReading = false;
    std::optional<Error> readError;
    bool stopReading = false;

    std::deque<std::vector<StoredEvent>> live; ///< from the journal's writer, commit by commit: no event moves
    std::size_t liveCount = 0;
    std::size_t liveBytes = 0;
    bool hasOverflowed = false;

    /// With the mutex held, so that the tracker cannot go away meanwhile; only posts an event.
    void ring()
    {
        if (!tracker || std::exchange(isRung, true))
            return;
        // By name: a functor would be counted and freed by both threads.
        QMetaObject::invokeMethod(tracker, "look", Qt::QueuedConnection);
    }

    void addLive(std::vector<StoredEvent> events)
    {
        std::size_t bytes = 0;
        for (const StoredEvent &stored : events)
            bytes += stored.event.raw.size();
        std::deque<std::vector<StoredEvent>> dropped; // destroyed after the lock is gone
        const std::lock_guard lock(mutex);
        if (!tracker)
            return;
        if (hasOverflowed || liveCount + events.size() > liveLimit || liveBytes + bytes > liveByteLimit) {
            hasOverflowed = true;
            dropped.swap(live);
            liveCount = liveBytes = 0;
        } else if (!events.empty()) {
            liveCount += events.size();
            liveBytes += bytes;
            live.push_back(std::move(events));
        }
        ring();
    }

    [[nodiscard]] bool mustStop()
    {
        const std::lock_guard lock(mutex);
        return stopReading;
    }

    void addStart(Start loaded)
    {
        const std::lock_guard lock(mutex);
        start = std::make_unique<Start>(std::move(loaded));
        ring();
    }

    /// False when the worker has to stop.
    bool addHistory(std::span<const StoredEvent> events)
    {
        std::vector<StoredEvent> copies(events.begin(), events.end()); // not while the UI thread waits
        std::unique_lock lock(mutex);
        historyCount += copies.size();
        if (!copies.empty())
            history.push_back(std::move(copies));
        ring();
        room.wait(lock, [this] { return stopReading || historyCount < historyLimit; });
        return !stopReading;
    }

    /// Whether a look inside would find something to do. If not, whatever comes next has to ring.
    bool hasWork(bool isReplayed)
    {
        const std::lock_guard lock(mutex);
        isRung = false;
        return start || !history.empty() || (!isReading && (!isReplayed || !live.empty() || hasOverflowed));
    }

    void endOfHistory(std::optional<Error> error)
    {
        const std::lock_guard lock(mutex);
        isReading = false;
        readError = std::move(error);
        ring();
    }
};

Tracker::Tracker(Journal &journal, cost::RateCard card, Clock clock, QObject *parent)
    : Picture(parent)
    , m_journal(journal)
    , m_clock(std::move(clock))
    , m_ledger(std::move(card))
    , m_inbox(std::make_shared<Inbox>())
    , m_tenths(tenthsPerHour)
{
    m_inbox->tracker = this;
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &Tracker::takeSlice);
}

Tracker::~Tracker()
{
    {
        const std::lock_guard lock(m_inbox->mutex);
        m_inbox->tracker = nullptr;
        m_inbox->stopReading = true;
    }
    m_inbox->room.notify_all();
    m_journal.setListener({});
    if (m_worker.joinable())
        m_worker.join();
}

void Tracker::start()
{
    m_journal.setListener([inbox = m_inbox](std::vector<StoredEvent> events) { inbox->addLive(std::move(events)); });
    startWorker();
}

/// Reads everything after what has been applied. Live events from here on are kept: each new event is seen by
/// the worker, or kept, or both.
void Tracker::startWorker()
{
    if (m_worker.joinable())
        m_worker.join();
    {
        const std::lock_guard lock(m_inbox->mutex);
        m_inbox->isReading = true;
        m_inbox->hasOverflowed = false;
    }
    // Once, and only before anything has been applied: what is in memory by then is ahead of the tables.
    const bool loadsTables = !m_replayed && m_appliedSeq == 0;
    m_worker = std::thread([inbox = m_inbox, journal = &m_journal, card = rateCard(), present = now(),
                            afterSeq = m_appliedSeq, loadsTables]() mutable {
        if (loadsTables && journal->holdTables([&inbox] { return inbox->mustStop(); })) {
            // Without the tables all events are read: slower, and the same in the end.
            if (auto start = Start::load(journal->file(), card, present)) {
                afterSeq = start->hot.seq;
                inbox->addStart(std::move(*start));
            }
        }
        auto done = journal->replayWhile(
            afterSeq, [&inbox](std::span<const StoredEvent> events) { return inbox->addHistory(events); });
        inbox->endOfHistory(done ? std::nullopt : std::optional<Error>(std::move(done.error())));
    });
}

void Tracker::look()
{
    const auto rested = m_sinceSlice.isValid() ? m_sinceSlice.elapsed() : restMs;
    schedule(m_replayed ? static_cast<int>(std::max<qint64>(restMs - rested, 0)) : 0);
}

void Tracker::schedule(int delayMs)
{
    if (!m_timer.isActive() || m_timer.remainingTime() > delayMs)
        m_timer.start(delayMs);
}

void Tracker::takeSlice()
{
    bool isCaughtUp = false;
    bool mustReadAgain = false;
    std::optional<Error> error;
    std::unique_ptr<Start> start;
    if (m_taken.empty()) {
        const std::lock_guard lock(m_inbox->mutex);
        m_inbox->isRung = false;
        start = std::move(m_inbox->start);
        if (!m_inbox->history.empty()) {
            m_taken.swap(m_inbox->history);
            m_inbox->historyCount = 0;
        } else if (!m_inbox->isReading) {
            error = std::exchange(m_inbox->readError, std::nullopt);
            mustReadAgain = m_inbox->hasOverflowed && !error;
            isCaughtUp = !mustReadAgain;
            m_taken.swap(m_inbox->live);
            m_inbox->liveCount = m_inbox->liveBytes = 0;
        }
    }
    m_inbox->room.notify_one();

    if (start)
        adopt(std::move(*start));
    if (isCaughtUp && !m_replayed)
        finishReplay(error);
    if (mustReadAgain)
        startWorker();

    QElapsedTimer slice;
    slice.start();
    while (!m_taken.empty() && slice.elapsed() < sliceMs) {
        std::vector<StoredEvent> &events = m_taken.front();
        apply(std::move(events[m_nextTaken]));
        if (++m_nextTaken == events.size()) {
            m_taken.pop_front();
            m_nextTaken = 0;
        }
        if (m_unsettled.size() >= settleLimit)
            settle();
    }
    settle();
    publish();
    m_sinceSlice.start();
    if (!m_taken.empty() || m_inbox->hasWork(m_replayed))
        schedule(m_taken.empty() && m_replayed ? restMs : 0);
}

void Tracker::adopt(Start start)
{
    m_ledger.fold = std::move(start.hot.fold);
    cost::RateCard card = rateCard(); // may have changed meanwhile
    m_ledger.usage = std::move(start.usage);
    m_ledger.usage.setRateCard(std::move(card));
    m_ledger.history = std::move(start.history);
    m_appliedSeq = start.hot.seq;
    for (const Timestamp time : start.times)
        countEvent(time);
}

/// An event of a sandbox that ended long ago brings it back into memory. True when it was cold.
bool Tracker::takeFromHistory(const std::string &sandboxId)
{
    if (!m_ledger.history || !m_ledger.history->holdsAny() || sandboxId.empty() || m_ledger.fold.find(sandboxId))
        return false;
    const auto record = m_ledger.history->take(sandboxId, rateCard());
    return record && m_ledger.fold.adopt(*record);
}

void Tracker::apply(StoredEvent &&stored)
{
    if (stored.seq <= m_appliedSeq)
        return; // came both from the journal and live
    m_appliedSeq = stored.seq;
    countEvent(stored.event.timestamp);
    const bool wasCold = takeFromHistory(stored.event.sandboxId);
    if (m_ledger.fold.add(stored.event) || wasCold)
        m_unsettled.insert(stored.event.sandboxId);
    if (m_replayed)
        m_recorded.push_back(std::move(stored));
}

void Tracker::settle()
{
    m_ledger.fold.settle();
    for (const std::string &id : m_unsettled)
        m_ledger.usage.update(*m_ledger.fold.find(id));
    if (m_replayed)
        m_changed.merge(m_unsettled);
    m_unsettled.clear();
}

void Tracker::finishReplay(const std::optional<Error> &error)
{
    m_replayed = true;
    if (error)
        Q_EMIT replayFailed(*error);
    Q_EMIT replayed();
}

void Tracker::publish()
{
    if (m_recorded.empty() && m_changed.empty())
        return;
    if (m_sincePublished.isValid() && m_sincePublished.elapsed() < publishIntervalMs) {
        schedule(publishIntervalMs - static_cast<int>(m_sincePublished.elapsed()));
        return;
    }
    m_sincePublished.start();
    const auto events = std::exchange(m_recorded, {});
    m_recorded.reserve(std::min(events.size(), recordedReserve));
    const auto changed = std::exchange(m_changed, {});
    if (!events.empty())
        Q_EMIT eventsRecorded(events);
    if (!changed.empty())
        Q_EMIT sandboxesChanged(std::vector<std::string>(changed.begin(), changed.end()));
}

void Tracker::setRateCard(cost::RateCard card)
{
    m_ledger.setRateCard(std::move(card));
    Q_EMIT rateCardChanged();
}

Result<std::vector<StoredEvent>> Tracker::newestEvents(std::size_t limit) const
{
    return m_journal.newest(limit);
}

void Tracker::countEvent(Timestamp time)
{
    const std::int64_t number = toUnixMs(time) / 100;
    if (number < 0 || number > toUnixMs(now()) / 100 + tenthsPerHour)
        return; // a clock far ahead would take a place from the present for good
    Tenth &tenth = m_tenths[static_cast<std::size_t>(number % tenthsPerHour)];
    if (tenth.number > number)
        return; // older than an hour before the newest
    if (tenth.number < number)
        tenth = {number, 0};
    ++tenth.count;
}

int Tracker::eventsWithin(std::chrono::milliseconds window) const
{
    const std::int64_t last = toUnixMs(now()) / 100;
    const std::int64_t span = std::clamp<std::int64_t>(window.count() / 100, 0, tenthsPerHour - 1);
    int count = 0;
    for (std::int64_t number = std::max<std::int64_t>(last - span, 0); number <= last; ++number) {
        const Tenth &tenth = m_tenths[static_cast<std::size_t>(number % tenthsPerHour)];
        if (tenth.number == number)
            count += tenth.count;
    }
    return count;
}

} // namespace sandglass::lifecycle
