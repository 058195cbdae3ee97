#include "services/lifecycle/eventlookup.h"

#include "services/lifecycle/journalfile.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t leastKept = 100'000; ///< some more than are ever on their way into the table

} // namespace

EventLookup::EventLookup(Database &database)
    : m_database(database)
    , m_position(database, "SELECT value FROM state WHERE key = 'ids'")
    , m_newer(database, "SELECT id_hash, seq FROM events WHERE seq > ?1 ORDER BY seq")
    , m_byHash(database,
               "SELECT events.seq, id, type, source, time_ns, received_ns, sandbox_id, raw, sum, session "
               "FROM event_ids CROSS JOIN events USING(seq) WHERE event_ids.id_hash = ?1 AND sandbox_id = ?2")
    , m_bySeq(database,
              "SELECT seq, id, type, source, time_ns, received_ns, sandbox_id, raw, sum, session "
              "FROM events WHERE seq = ?1 AND sandbox_id = ?2")
    , m_pruneAt(leastKept)
{}

Result<> EventLookup::follow()
{
    std::int64_t inTable = 0;
    if (m_position.step() == SQLITE_ROW)
        inTable = m_position.integer(0);
    m_position.reset();
    if (m_newest.size() > m_pruneAt) {
        std::erase_if(m_newest, [inTable](const auto &entry) { return entry.second <= inTable; });
        m_pruneAt = std::max(leastKept, 2 * m_newest.size());
    }
    int status = SQLITE_DONE;
    m_newer.bind(1, std::max(m_reached, inTable));
    while ((status = m_newer.step()) == SQLITE_ROW) {
        m_reached = m_newer.integer(1);
        m_newest.emplace(m_newer.integer(0), m_reached);
    }
    m_newer.reset();
    return status == SQLITE_DONE ? Result<>() : Result<>(failure(m_database.lastError("the journal cannot be read")));
}

std::optional<StoredEvent> EventLookup::find(const std::string &sandboxId, std::uint64_t idHash)
{
    const auto hash = static_cast<std::int64_t>(idHash);
    const auto [begin, end] = m_newest.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
        if (auto found = first(m_bySeq.bind(1, it->second).bindText(2, sandboxId)))
            return found;
    }
    return first(m_byHash.bind(1, hash).bindText(2, sandboxId));
}

std::optional<StoredEvent> EventLookup::first(Statement &select)
{
    std::vector<StoredEvent> found;
    (void)readEvents(select, 1, SIZE_MAX, found); // what cannot be read is missing, as what has left the journal
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

} // namespace sandglass::lifecycle
