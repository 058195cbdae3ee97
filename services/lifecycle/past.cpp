#include "services/lifecycle/past.h"

#include "services/lifecycle/coldindex.h"
#include "services/lifecycle/eventlookup.h"
#include "services/lifecycle/journalfile.h"
#include "services/lifecycle/otherevents.h"
#include "services/lifecycle/recordmarks.h"
#include "services/lifecycle/stretches.h"
#include "services/lifecycle/trackerhistory.h"

#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t chunkRows = 2'000, chunkBytes = 16U << 20;
constexpr std::size_t rowsPerLook = 512; ///< at whether to stop

/// An event by which it can be found again.
struct Seen
{
    Timestamp time{};
    std::uint64_t idHash = 0;
    const std::string *sandboxId = nullptr; ///< a key of the fold
};

} // namespace

int Past::eventsWithin(std::chrono::milliseconds window) const
{
    const auto first = std::ranges::upper_bound(
        lastHour, moment - std::clamp<std::chrono::milliseconds>(window, {}, std::chrono::hours(1)));
    return static_cast<int>(lastHour.end() - first);
}

namespace {

/// One look back.
class Seek
{
public:
    Seek(PastReader::Limits limits, Timestamp moment, const cost::RateCard &card, Fold::EventFinder finder)
        : m_limits(limits), m_card(card), m_finder(std::move(finder)), m_past(std::make_shared<Past>(card))
    {
        m_past->moment = moment;
    }

    [[nodiscard]] Result<> openHistory(const std::filesystem::path &file)
    {
        // What happened at the moment itself has happened.
        auto history = History::open(file, m_past->moment + std::chrono::nanoseconds(1));
        if (!history)
            return failure(std::move(history.error()));
        m_past->ledger.history = std::move(*history);
        return {};
    }

    /// A sandbox of which the rollups know nothing.
    void addHot(std::string_view record) { addRecord(record); }

    /// One that the rollups hold as `counted`, perhaps with more than was known by then.
    void addCold(std::string_view record, std::string_view counted)
    {
        leaveOut(counted);
        addRecord(record);
    }

    /// One that was over by then: the rollups tell what it used.
    void addEnded(std::string_view record)
    {
        const Sandbox *sandbox = m_past->ledger.fold.adopt(record);
        if (!sandbox)
            return;
        m_past->ledger.history->noteShown(sandbox->id);
        see(record, sandbox);
    }

    void addEvent(const StoredEvent &stored, ColdFinder &cold)
    {
        const Event &event = stored.event;
        if (event.type == EventType::Unknown || event.sandboxId.empty())
            return;
        const Fact fact = Fact::of(event);
        note(fact.time);
        if (event.timestamp > m_past->moment)
            return;
        const bool isFirst = m_fresh.insert(event.sandboxId).second;
        if (isFirst && m_usedOf.insert(event.sandboxId).second)
            takeFromRollups(event.sandboxId, cold);
        if (!m_past->ledger.fold.add(event))
            return;
        ++m_past->eventCount;
        m_seen.push_back({fact.time, fact.idHash, &m_past->ledger.fold.find(event.sandboxId)->id});
    }

    /// The lives that end before the moment and are not read.
    void count(const ColdIndex::Life &life)
    {
        m_past->firstEvent = std::min(m_past->firstEvent.value_or(life.firstEvent), life.firstEvent);
        if (life.end <= m_past->moment)
            m_past->eventCount += life.eventCount;
        else if (life.start > m_past->moment)
            note(life.firstEvent);
    }

    [[nodiscard]] std::size_t endedCount() const { return m_ended; }

    [[nodiscard]] std::shared_ptr<Past> finish(const std::function<std::optional<StoredEvent>(const Seen &)> &find,
                                               OtherEvents &others)
    {
        Ledger &ledger = m_past->ledger;
        ledger.fold.settle();
        for (const std::string &id : m_fresh) {
            if (const Sandbox *sandbox = ledger.fold.find(id))
                ledger.usage.update(*sandbox);
        }
        const std::size_t shown = std::min(m_limits.events, m_seen.size());
        std::ranges::partial_sort(m_seen, m_seen.begin() + static_cast<std::ptrdiff_t>(shown), std::greater(),
                                  &Seen::time);
        for (const Seen &seen : m_seen) {
            if (seen.time < m_past->moment)
                m_past->previousEvent = std::max(m_past->previousEvent.value_or(seen.time), seen.time);
            if (seen.time > m_past->moment - std::chrono::hours(1))
                m_past->lastHour.push_back(seen.time);
        }
        std::ranges::copy(others.timesBetween(m_past->moment - std::chrono::hours(1), m_past->moment),
                          std::back_inserter(m_past->lastHour));
        std::ranges::sort(m_past->lastHour);
        for (std::size_t i = 0; i < shown; ++i) {
            if (auto event = find(m_seen[i]))
                m_past->newest.push_back(std::move(*event));
        }
        m_past->eventCount += others.countUntil(m_past->moment);
        std::ranges::move(others.newestUntil(m_past->moment, m_limits.events), std::back_inserter(m_past->newest));
        std::ranges::stable_sort(m_past->newest, [](const StoredEvent &a, const StoredEvent &b) {
            return std::pair(a.event.timestamp, a.seq) > std::pair(b.event.timestamp, b.seq);
        });
        if (m_past->newest.size() > m_limits.events)
            m_past->newest.resize(m_limits.events);
        return std::move(m_past);
    }

private:
    void takeFromRollups(const std::string &sandboxId, ColdFinder &cold)
    {
        const auto found = cold.find(sandboxId);
        if (!found)
            return;
        leaveOut(found->counted);
        const std::int64_t count = m_past->eventCount; // it has been among those that were over
        if (!m_past->ledger.fold.find(sandboxId))
            addRecord(found->record);
        m_past->eventCount = count;
    }

    void leaveOut(std::string_view counted)
    {
        Fold whole;
        if (const Sandbox *sandbox = whole.adopt(counted))
            m_past->ledger.history->leaveOut(*sandbox, m_card);
    }

    void addRecord(std::string_view record)
    {
        m_marks.clear();
        if (!appendMarks(record, m_marks) || m_marks.empty())
            return;
        for (const EventMark &mark : m_marks)
            note(mark.time);
        if (m_marks.front().time > m_past->moment)
            return;
        const Sandbox *sandbox = m_past->ledger.fold.adoptUntil(record, m_past->moment, m_finder);
        if (!sandbox)
            return;
        m_past->ledger.usage.update(*sandbox);
        m_usedOf.insert(sandbox->id);
        m_past->eventCount += sandbox->eventCount;
        m_ended += sandbox->state == SandboxState::Killed || sandbox->state == SandboxState::Lost ? 1 : 0;
        seeMarks(sandbox);
    }

    void see(std::string_view record, const Sandbox *sandbox)
    {
        m_marks.clear();
        if (appendMarks(record, m_marks))
            seeMarks(sandbox);
    }

    void seeMarks(const Sandbox *sandbox)
    {
        for (const EventMark &mark : m_marks) {
            if (mark.time <= m_past->moment)
                m_seen.push_back({mark.time, mark.idHash, &sandbox->id});
        }
    }

    void note(Timestamp time)
    {
        m_past->firstEvent = std::min(m_past->firstEvent.value_or(time), time);
        if (time > m_past->moment)
            m_past->nextEvent = std::min(m_past->nextEvent.value_or(time), time);
    }

    PastReader::Limits m_limits;
    const cost::RateCard &m_card;
    Fold::EventFinder m_finder;
    std::shared_ptr<Past> m_past;
    std::vector<EventMark> m_marks;           ///< of the present record
    std::vector<Seen> m_seen;                 ///< up to the moment
    std::unordered_set<std::string> m_usedOf; ///< their use is in the ledger, not in the rollups
    std::unordered_set<std::string> m_fresh;  ///< with events that are in no table yet
    std::size_t m_ended = 0;
};

} // namespace

struct PastReader::Private
{
    Private(Database opened, std::filesystem::path path, Limits limit)
        : file(std::move(path))
        , limits(limit)
        , database(std::move(opened))
        , events(database)
        , others(database)
        , byNumber(database, "SELECT record FROM sandboxes WHERE number = ?1 AND tier = 2")
        , hot(database, "SELECT record FROM sandboxes WHERE tier < 2")
        , changed(database, "SELECT number, record, counted FROM sandboxes WHERE tier = 3")
        , position(database, "SELECT value FROM state WHERE key = 'folded'")
        , eventsAfter(database, selectEventsAfterSql)
        , finder(database)
    {}

    [[nodiscard]] Result<> readAll(Seek &seek, Timestamp moment);
    [[nodiscard]] Result<> readRecords(Seek &seek, Timestamp moment);
    [[nodiscard]] Result<> readFresh(Seek &seek);
    [[nodiscard]] bool mustStop() { return ++rows % rowsPerLook == 0 && (*isStopped)(); }
    [[nodiscard]] tl::unexpected<Error> failed() const
    {
        return failure(database.lastError("the journal's tables cannot be read"));
    }
    [[nodiscard]] static tl::unexpected<Error> stopped() { return failure(Error::Kind::Local, "stopped"); }

    std::filesystem::path file;
    Limits limits;
    Database database;
    EventLookup events;
    OtherEvents others;
    Statement byNumber, hot, changed, position, eventsAfter;
    ColdFinder finder;
    ColdIndex index;
    const std::function<bool()> *isStopped = nullptr; ///< of the present look
    std::size_t rows = 0;
};

PastReader::PastReader(std::unique_ptr<Private> p) : d(std::move(p)) {}
PastReader::~PastReader() = default;

Result<std::unique_ptr<PastReader>> PastReader::open(const std::filesystem::path &file)
{
    return open(file, Limits(), [] { return false; });
}

Result<std::unique_ptr<PastReader>> PastReader::open(const std::filesystem::path &file, Limits limits,
                                                     const std::function<bool()> &isStopped)
{
    auto database = Database::open(file, Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    auto state = std::make_unique<Private>(std::move(*database), file, limits);
    auto index = ColdIndex::load(state->database, isStopped);
    if (!index)
        return failure(std::move(index.error()));
    state->index = std::move(*index);
    if (auto followed = state->others.follow(isStopped); !followed)
        return failure(std::move(followed.error()));
    return std::unique_ptr<PastReader>(new PastReader(std::move(state)));
}

Result<> PastReader::Private::readAll(Seek &seek, Timestamp moment)
{
    if (auto followed = events.follow(); !followed)
        return followed;
    if (auto followed = others.follow(*isStopped); !followed)
        return followed;
    auto done = readRecords(seek, moment);
    if (!done)
        return done;
    return readFresh(seek);
}

Result<> PastReader::Private::readRecords(Seek &seek, Timestamp moment)
{
    int status = SQLITE_DONE;
    for (hot.reset(); (status = hot.step()) == SQLITE_ROW;) {
        seek.addHot(hot.bytes(0));
        if (mustStop())
            return stopped();
    }
    if (status != SQLITE_DONE)
        return failed();
    std::unordered_set<std::int64_t> late; // changed since the index was read
    for (changed.reset(); (status = changed.step()) == SQLITE_ROW;) {
        late.insert(changed.integer(0));
        seek.addCold(changed.bytes(1), changed.bytes(2));
    }
    if (status != SQLITE_DONE)
        return failed();

    std::vector<std::int64_t> cut, ended;
    for (const ColdIndex::Life &life : index.all()) {
        if (!late.empty() && late.contains(life.number))
            continue;
        seek.count(life);
        if (life.start <= moment && life.end > moment)
            cut.push_back(life.number);
    }
    const auto readEach = [&](std::vector<std::int64_t> &numbers, auto &&add) -> Result<> {
        std::ranges::sort(numbers); // as they lie in the file
        for (const std::int64_t number : numbers) {
            status = byNumber.bind(1, number).step();
            if (status == SQLITE_ROW)
                add(byNumber.bytes(0));
            byNumber.reset();
            if (status != SQLITE_ROW && status != SQLITE_DONE)
                return failed();
            if (mustStop())
                return stopped();
        }
        return {};
    };
    if (auto done = readEach(cut, [&](std::string_view record) { seek.addCold(record, record); }); !done)
        return done;
    const auto over = index.endedBy(moment);
    const std::size_t room = limits.endedSandboxes - std::min(limits.endedSandboxes, seek.endedCount());
    for (const ColdIndex::Life &life : over.last(std::min(room, over.size())))
        ended.push_back(life.number);
    return readEach(ended, [&](std::string_view record) { seek.addEnded(record); });
}

/// Events that are in no table yet.
Result<> PastReader::Private::readFresh(Seek &seek)
{
    std::int64_t reached = 0;
    if (position.step() == SQLITE_ROW)
        reached = position.integer(0);
    position.reset();
    std::vector<StoredEvent> fresh;
    for (;;) {
        const ReadResult read = readEvents(eventsAfter.bind(1, reached), chunkRows, chunkBytes, fresh);
        if (read.status != SQLITE_OK)
            return failed();
        if (read.lastSeq == 0)
            return {};
        reached = read.lastSeq;
        for (const StoredEvent &stored : fresh)
            seek.addEvent(stored, finder);
        if ((*isStopped)())
            return stopped();
    }
}

Result<std::shared_ptr<Past>> PastReader::read(Timestamp moment, const cost::RateCard &card,
                                               const std::function<bool()> &isStopped)
{
    Seek seek(d->limits, moment, card, [this](const std::string &id, std::uint64_t hash) {
        auto stored = d->events.find(id, hash);
        return stored ? std::optional(std::move(stored->event)) : std::nullopt;
    });
    if (auto opened = seek.openHistory(d->file); !opened)
        return failure(std::move(opened.error()));
    if (auto begun = d->database.execute("BEGIN"); !begun) // all answers of one moment
        return failure(std::move(begun.error()));
    d->isStopped = &isStopped;
    const auto done = d->readAll(seek, moment);
    (void)d->database.execute("COMMIT"); // of a reading connection
    if (!done)
        return failure(done.error());
    return seek.finish([this](const Seen &seen) { return d->events.find(*seen.sandboxId, seen.idHash); }, d->others);
}

} // namespace sandglass::lifecycle
