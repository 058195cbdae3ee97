#include "services/lifecycle/snapshot.h"

#include "services/lifecycle/journalfile.h"
#include "services/lifecycle/journalhash.h"
#include "services/lifecycle/rolluparchive.h"

#include <sqlite3.h>

#include <unordered_map>
#include <utility>

namespace sandglass::lifecycle {

namespace {

enum Tier : int { Live = 0, Ended = 1, Cold = 2, ColdChanged = 3 };

constexpr const char *damagedTables = "damaged_tables"; // as isTableDamage() knows it
constexpr std::size_t byteLimit = 16U << 20;            // of events in one transaction

Tier hotTierOf(const Sandbox &sandbox)
{
    return sandbox.state == SandboxState::Killed || sandbox.state == SandboxState::Lost ? Ended : Live;
}

bool isFolded(const Event &event)
{
    return event.type != EventType::Unknown && !event.sandboxId.empty();
}

} // namespace

struct Snapshot::Entry
{
    std::int64_t number = 0; ///< 0 = new
    int tier = Live;
    std::string before; ///< the record of a cold one: what the rollups hold
    bool isChanged = false;
};

Snapshot::Snapshot(Database &database)
    : m_database(database)
    , m_rollups(database)
    , m_begin(database, "BEGIN IMMEDIATE")
    , m_commit(database, "COMMIT")
    , m_rollback(database, "ROLLBACK")
    , m_events(database, selectEventsAfterSql)
    , m_position(database, "SELECT value FROM state WHERE key = 'folded'")
    , m_setPosition(database, "INSERT OR REPLACE INTO state VALUES('folded', ?1)")
    , m_find(database, "SELECT number, tier, record FROM sandboxes WHERE id_hash = ?1 AND id = ?2")
    , m_insert(database, "INSERT INTO sandboxes(id_hash, id, tier, record) VALUES(?1,?2,?3,?4)")
    , m_update(database,
               "UPDATE sandboxes SET tier = ?2, record = ?3, counted = coalesce(?4, counted) "
               "WHERE number = ?1")
    , m_changed(database,
                "SELECT number, record, counted, chunk FROM sandboxes WHERE tier = 3 ORDER BY number LIMIT ?1")
    , m_ended(database, "SELECT number, record FROM sandboxes WHERE tier = 1 AND tier < 2 ORDER BY number LIMIT ?1")
    , m_setTier(database, "UPDATE sandboxes SET tier = ?2, chunk = ?3, counted = NULL WHERE number = ?1")
    , m_chunk(database, "SELECT data FROM archive WHERE number = ?1")
    , m_saveChunk(database, "INSERT OR REPLACE INTO archive(number, first_ns, last_ns, data) VALUES(?1,?2,?3,?4)")
{}

bool Snapshot::isValid() const
{
    bool isGood = m_rollups.isValid();
    for (const Statement *statement :
         {&m_begin, &m_commit, &m_rollback, &m_events, &m_position, &m_setPosition, &m_find, &m_insert, &m_update,
          &m_changed, &m_ended, &m_setTier, &m_chunk, &m_saveChunk})
        isGood = isGood && statement->isValid();
    return isGood;
}

tl::unexpected<Error> Snapshot::failed() const
{
    return failure(m_database.lastError("the journal's tables cannot be kept"));
}

Result<bool> Snapshot::inTransaction(const std::function<Result<bool>()> &work)
{
    if (m_begin.run() != SQLITE_OK)
        return failed();
    Result<bool> done = work();
    if (done && m_commit.run() != SQLITE_OK)
        done = failed();
    if (!done) {
        m_endedCount.reset();
        if (m_database.isInTransaction())
            (void)m_rollback.run(); // the first failure is the one to tell
    }
    return done;
}

Result<std::int64_t> Snapshot::foldedSeq()
{
    const int status = m_position.step();
    const std::int64_t seq = status == SQLITE_ROW ? m_position.integer(0) : 0;
    m_position.reset();
    if (status != SQLITE_ROW && status != SQLITE_DONE)
        return failed();
    return seq;
}

Result<bool> Snapshot::catchUp(std::size_t limit, std::chrono::milliseconds patience)
{
    return inTransaction([&] { return foldChunk(limit, patience); });
}

Result<bool> Snapshot::foldChunk(std::size_t limit, std::chrono::milliseconds patience)
{
    const auto position = foldedSeq();
    if (!position)
        return failure(position.error());
    std::vector<StoredEvent> events;
    const ReadResult read = readEvents(m_events.bind(1, *position), limit, byteLimit, events);
    if (read.status != SQLITE_OK)
        return failed();
    if (read.lastSeq == 0)
        return false;
    const auto deadline = std::chrono::steady_clock::now() + patience; // not of the reading: some are folded each time
    Fold fold;
    std::unordered_map<std::string, Entry> entries;
    std::int64_t reached = read.lastSeq;
    for (const StoredEvent &stored : events) {
        if (!isFolded(stored.event))
            continue;
        const std::string &id = stored.event.sandboxId;
        const auto [place, isFirst] = entries.try_emplace(id);
        Entry &entry = place->second;
        if (isFirst && m_find.bind(1, hashOf(id)).bindText(2, id).step() == SQLITE_ROW) {
            entry.number = m_find.integer(0);
            entry.tier = static_cast<int>(m_find.integer(1));
            if (entry.tier == Cold)
                entry.before = m_find.bytes(2);
            if (!fold.adopt(m_find.bytes(2))) {
                m_find.reset();
                return failure(Error::Kind::Local, "the record of sandbox " + id + " is damaged", 0, damagedTables);
            }
        }
        m_find.reset();
        entry.isChanged = fold.add(stored.event) || entry.isChanged;
        // Deliveries must not wait for the tables.
        if (std::chrono::steady_clock::now() >= deadline) {
            reached = stored.seq;
            break;
        }
    }
    fold.settle();
    for (const auto &[id, entry] : entries) {
        if (!entry.isChanged)
            continue;
        if (auto saved = save(fold, id, entry); !saved)
            return failure(std::move(saved.error()));
    }
    if (m_setPosition.bind(1, reached).run() != SQLITE_OK)
        return failed();
    return true;
}

Result<> Snapshot::save(const Fold &fold, const std::string &id, const Entry &entry)
{
    const std::string record = fold.record(id);
    const Tier hot = hotTierOf(*fold.find(id));
    const bool wasEnded = entry.number != 0 && entry.tier == Ended;
    const bool isCold = entry.tier == Cold || entry.tier == ColdChanged;
    if (m_endedCount && !isCold)
        *m_endedCount += (hot == Ended ? 1U : 0U) - (wasEnded ? 1U : 0U);
    if (entry.number == 0) {
        const bool isStored =
            m_insert.bind(1, hashOf(id)).bindText(2, id).bind(3, hot).bindBlob(4, record).run() == SQLITE_OK;
        return isStored ? Result<>() : Result<>(failed());
    }
    m_update.bind(1, entry.number).bind(2, isCold ? ColdChanged : hot).bindBlob(3, record);
    if (entry.tier == Cold)
        m_update.bindBlob(4, entry.before);
    else
        m_update.bindNull(4);
    return m_update.run() == SQLITE_OK ? Result<>() : Result<>(failed());
}

Result<bool> Snapshot::thaw(std::size_t limit)
{
    return inTransaction([&] { return thawChunk(limit); });
}

Result<bool> Snapshot::thawChunk(std::size_t limit)
{
    struct Row
    {
        std::int64_t number, chunk;
        std::string record, counted;
    };
    std::vector<Row> rows;
    m_changed.bind(1, static_cast<std::int64_t>(limit));
    while (m_changed.step() == SQLITE_ROW) {
        rows.push_back({m_changed.integer(0), m_changed.integer(3), std::string(m_changed.bytes(1)),
                        std::string(m_changed.bytes(2))});
    }
    m_changed.reset();
    for (const Row &row : rows) {
        Fold before, after;
        const Sandbox *counted = before.adopt(row.counted);
        const Sandbox *present = after.adopt(row.record);
        if (const auto contribution = counted ? Contribution::of(*counted) : std::nullopt)
            m_rollups.add(*contribution, -1);
        if (auto removed = removeFromArchive(row.chunk, row.number); !removed)
            return failure(std::move(removed.error()));
        if (auto set = setTier(row.number, present ? hotTierOf(*present) : Live, 0); !set)
            return failure(std::move(set.error()));
    }
    m_endedCount.reset();
    if (auto flushed = m_rollups.flush(); !flushed)
        return failure(std::move(flushed.error()));
    return rows.size() == limit;
}

Result<> Snapshot::removeFromArchive(std::int64_t chunk, std::int64_t sandbox)
{
    const int status = m_chunk.bind(1, chunk).step();
    auto archived = status == SQLITE_ROW ? ArchiveChunk::decode(m_chunk.bytes(0)) : std::nullopt;
    m_chunk.reset();
    if (!archived)
        return {};
    archived->remove(sandbox);
    return saveChunk(chunk, *archived);
}

Result<bool> Snapshot::chill(std::size_t keep, std::size_t limit)
{
    if (!m_endedCount) {
        const auto count = m_database.queryInteger("SELECT count(*) FROM sandboxes WHERE tier = 1 AND tier < 2");
        if (!count)
            return failure(count.error());
        m_endedCount = static_cast<std::size_t>(*count);
    }
    if (*m_endedCount <= keep)
        return false;
    return inTransaction([&] { return chillChunk(keep, limit); });
}

Result<bool> Snapshot::chillChunk(std::size_t keep, std::size_t limit)
{
    const std::size_t wanted = std::min(limit, *m_endedCount - keep);
    struct Row
    {
        std::int64_t number;
        std::optional<Contribution> contribution;
    };
    std::vector<Row> rows;
    m_ended.bind(1, static_cast<std::int64_t>(wanted));
    while (m_ended.step() == SQLITE_ROW) {
        Fold fold;
        const Sandbox *sandbox = fold.adopt(m_ended.bytes(1));
        rows.push_back({m_ended.integer(0), sandbox ? Contribution::of(*sandbox) : std::nullopt});
    }
    m_ended.reset();
    const auto next = m_database.queryInteger("SELECT coalesce(max(number), 0) + 1 FROM archive");
    if (!next)
        return failure(next.error());
    ArchiveChunk chunk;
    for (const Row &row : rows) {
        if (row.contribution) {
            m_rollups.add(*row.contribution, 1);
            chunk.add(*row.contribution, row.number);
        }
        // One of unreasonable figures stays hot, out of the way of the others.
        if (auto set = setTier(row.number, row.contribution ? Cold : Live, *next); !set)
            return failure(std::move(set.error()));
    }
    *m_endedCount -= rows.size();
    if (auto flushed = m_rollups.flush(); !flushed)
        return failure(std::move(flushed.error()));
    if (auto saved = saveChunk(*next, chunk); !saved)
        return failure(std::move(saved.error()));
    return rows.size() == wanted && *m_endedCount > keep;
}

Result<std::int64_t> Snapshot::trim(Timestamp before, std::size_t limit)
{
    std::int64_t removed = 0;
    const auto done = inTransaction([&]() -> Result<bool> {
        auto count = trimChunk(before, limit);
        if (!count)
            return failure(std::move(count.error()));
        removed = *count;
        return true;
    });
    if (!done)
        return failure(done.error());
    return removed;
}

Result<std::int64_t> Snapshot::trimChunk(Timestamp before, std::size_t limit)
{
    const auto folded = foldedSeq();
    if (!folded)
        return folded;
    // From the front only, so that row numbers keep having no holes; and never the last one, which the next number
    // is counted from.
    Statement oldest(m_database,
                     "SELECT seq, received_ns FROM events WHERE seq <= ?1 AND seq < (SELECT max(seq) FROM "
                     "events) ORDER BY seq LIMIT ?2");
    oldest.bind(1, *folded).bind(2, static_cast<std::int64_t>(limit));
    std::int64_t last = 0;
    int status = SQLITE_DONE;
    while ((status = oldest.step()) == SQLITE_ROW && oldest.integer(1) < toUnixNs(before))
        last = oldest.integer(0);
    oldest.reset();
    if (status != SQLITE_DONE && status != SQLITE_ROW)
        return failed();
    if (last == 0)
        return 0;
    Statement removeIds(m_database,
                        "DELETE FROM event_ids WHERE (id_hash, seq) IN "
                        "(SELECT id_hash, seq FROM events WHERE seq <= ?1)");
    Statement remove(m_database, "DELETE FROM events WHERE seq <= ?1");
    if (removeIds.bind(1, last).run() != SQLITE_OK || remove.bind(1, last).run() != SQLITE_OK)
        return failed();
    const std::int64_t removed = sqlite3_changes64(m_database.handle());
    if (auto noted = m_database.execute("INSERT OR REPLACE INTO state VALUES('trimmed', 1)"); !noted)
        return failure(std::move(noted.error()));
    return removed;
}

bool Snapshot::isTrimmed()
{
    // Unreadable counts as trimmed: the tables are worth more than a second try.
    return m_database.queryInteger("SELECT count(*) FROM state WHERE key = 'trimmed'").value_or(1) != 0;
}

Result<> Snapshot::setTier(std::int64_t number, int tier, std::int64_t chunk)
{
    return m_setTier.bind(1, number).bind(2, tier).bind(3, chunk).run() == SQLITE_OK ? Result<>() : Result<>(failed());
}

Result<> Snapshot::saveChunk(std::int64_t number, const ArchiveChunk &chunk)
{
    const std::string bytes = chunk.encode();
    m_saveChunk.bind(1, number).bind(2, toUnixNs(chunk.first())).bind(3, toUnixNs(chunk.last())).bindBlob(4, bytes);
    return m_saveChunk.run() == SQLITE_OK ? Result<>() : Result<>(failed());
}

bool isTableDamage(const Error &error)
{
    return error.code == damagedTables;
}

Result<HotState> loadHot(Database &database)
{
    if (auto begun = database.execute("BEGIN"); !begun) // both answers of one moment
        return failure(std::move(begun.error()));
    HotState state;
    int status = SQLITE_DONE;
    {
        Statement position(database, "SELECT value FROM state WHERE key = 'folded'");
        if (position.step() == SQLITE_ROW)
            state.seq = position.integer(0);
        Statement select(database, "SELECT record FROM sandboxes WHERE tier < 2");
        while ((status = select.step()) == SQLITE_ROW)
            state.fold.adopt(select.bytes(0));
    }
    Result<HotState> result = std::move(state);
    if (status != SQLITE_DONE)
        result = failure(database.lastError("the journal's tables cannot be read"));
    (void)database.execute("COMMIT"); // of a reading connection
    return result;
}

ColdFinder::ColdFinder(Database &database)
    : m_select(database, "SELECT tier, record, counted FROM sandboxes WHERE id_hash = ?1 AND id = ?2")
{}

std::optional<ColdSandbox> ColdFinder::find(const std::string &sandboxId)
{
    std::optional<ColdSandbox> found;
    if (m_select.bind(1, hashOf(sandboxId)).bindText(2, sandboxId).step() == SQLITE_ROW) {
        const auto tier = m_select.integer(0);
        if (tier == Cold)
            found = {std::string(m_select.bytes(1)), std::string(m_select.bytes(1))};
        else if (tier == ColdChanged)
            found = {std::string(m_select.bytes(1)), std::string(m_select.bytes(2))};
    }
    m_select.reset();
    return found;
}

} // namespace sandglass::lifecycle
