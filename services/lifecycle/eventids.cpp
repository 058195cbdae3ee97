#include "services/lifecycle/eventids.h"

#include <sqlite3.h>

#include <algorithm>
#include <limits>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t largestFilter = 1U << 23; // ids: 12 MB

} // namespace

EventIds::EventIds(Database &database, std::size_t generationSize, std::size_t filterSize)
    : m_database(database)
    , m_generationSize(generationSize)
    , m_filterSize(filterSize)
    , m_position(database, "SELECT value FROM state WHERE key = 'ids'")
    , m_setPosition(database, "UPDATE state SET value = ?1 WHERE key = 'ids'")
    , m_rows(database, "SELECT id_hash, seq FROM events WHERE seq > ?1 AND seq <= ?2 ORDER BY seq")
    , m_idOf(database, "SELECT id FROM events WHERE seq = ?1")
    , m_find(database,
             "SELECT 1 FROM event_ids CROSS JOIN events USING(seq) WHERE event_ids.id_hash = ?1 AND events.id = ?2")
    , m_insert(database, "INSERT OR IGNORE INTO event_ids VALUES(?1, ?2)")
    , m_hashes(database, "SELECT id_hash FROM event_ids WHERE id_hash > ?1 ORDER BY id_hash LIMIT ?2")
{}

bool EventIds::isValid() const
{
    return m_position.isValid() && m_setPosition.isValid() && m_rows.isValid() && m_idOf.isValid() && m_find.isValid()
        && m_insert.isValid() && m_hashes.isValid();
}

int EventIds::follow(std::int64_t topSeq)
{
    if (topSeq == m_lastSeq)
        return SQLITE_OK;
    if (m_lastSeq < 0) {
        const int status = m_position.step();
        m_lastSeq = status == SQLITE_ROW ? m_position.integer(0) : -1;
        m_position.reset();
        if (status != SQLITE_ROW)
            return status == SQLITE_DONE ? SQLITE_CORRUPT : status;
        beginLearning(topSeq);
    }
    int status = SQLITE_DONE;
    m_rows.bind(1, m_lastSeq).bind(2, topSeq);
    while ((status = m_rows.step()) == SQLITE_ROW) {
        m_lastSeq = m_rows.integer(1);
        remember(m_rows.integer(0), m_lastSeq);
        if (m_recent.size() < m_generationSize)
            continue;
        m_mustReload = true; // what leaves memory here is only in the table once this transaction is
        if (const int merged = mergeRest(); merged != SQLITE_OK) {
            m_rows.reset();
            return merged;
        }
        freeze();
    }
    m_rows.reset();
    if (status != SQLITE_DONE)
        return status;
    m_lastSeq = topSeq;
    return SQLITE_OK;
}

int EventIds::find(std::int64_t hash, std::string_view id, bool &isKnown)
{
    int status = SQLITE_OK;
    isKnown = isInMemory(hash, id, status);
    const bool isNowhere = m_filter && m_hasLearnt && !m_filter->mayHold(hash);
    if (isKnown || isNowhere || status != SQLITE_OK)
        return status;
    status = m_find.bind(1, hash).bindText(2, id).step();
    m_find.reset();
    isKnown = status == SQLITE_ROW;
    return isKnown || status == SQLITE_DONE ? SQLITE_OK : status;
}

bool EventIds::isInMemory(std::int64_t hash, std::string_view id, int &status)
{
    const auto [first, last] = m_recent.equal_range(hash);
    for (auto it = first; it != last && status == SQLITE_OK; ++it) {
        if (isEvent(it->second, id, status))
            return true;
    }
    auto it = std::ranges::lower_bound(m_generation, Entry{hash, std::numeric_limits<std::int64_t>::min()});
    for (; it != m_generation.end() && it->hash == hash && status == SQLITE_OK; ++it) {
        if (isEvent(it->seq, id, status))
            return true;
    }
    return false;
}

/// Equal hashes are not equal ids, and the event may have been trimmed since.
bool EventIds::isEvent(std::int64_t seq, std::string_view id, int &status)
{
    const int stepped = m_idOf.bind(1, seq).step();
    const bool isSame = stepped == SQLITE_ROW && m_idOf.bytes(0) == id;
    m_idOf.reset();
    if (stepped != SQLITE_ROW && stepped != SQLITE_DONE)
        status = stepped;
    return isSame;
}

void EventIds::add(std::int64_t hash, std::int64_t seq)
{
    remember(hash, seq);
    m_added.push_back({hash, seq});
    m_lastSeq = seq;
}

void EventIds::remember(std::int64_t hash, std::int64_t seq)
{
    m_recent.emplace(hash, seq);
    if (!m_filter)
        return;
    m_filter->add(hash);
    if (m_filter->isFull())
        beginLearning(seq); // anew, with more room
}

void EventIds::beginLearning(std::int64_t topSeq)
{
    const auto capacity = std::max(2 * static_cast<std::size_t>(topSeq), m_filterSize);
    m_filter = capacity <= largestFilter ? std::make_unique<IdFilter>(capacity) : nullptr;
    m_hasLearnt = topSeq == 0; // then the table is empty
    m_learntHash = std::numeric_limits<std::int64_t>::min();
    if (!m_filter)
        return;
    for (const auto &[hash, seq] : m_recent)
        m_filter->add(hash);
    for (const Entry &entry : m_generation)
        m_filter->add(entry.hash);
}

void EventIds::learn(std::size_t rows)
{
    std::size_t count = 0;
    int status = SQLITE_DONE;
    m_hashes.bind(1, m_learntHash).bind(2, static_cast<std::int64_t>(rows));
    for (; (status = m_hashes.step()) == SQLITE_ROW; ++count) {
        m_learntHash = m_hashes.integer(0);
        m_filter->add(m_learntHash);
    }
    m_hashes.reset();
    m_hasLearnt = status == SQLITE_DONE && count < rows;
}

int EventIds::merge(std::size_t count)
{
    if (m_generation.empty())
        return SQLITE_OK;
    const std::size_t end = m_merged + std::min(count, m_generation.size() - m_merged);
    for (; m_merged < end; ++m_merged) {
        const Entry &entry = m_generation[m_merged];
        if (const int status = m_insert.bind(1, entry.hash).bind(2, entry.seq).run(); status != SQLITE_OK)
            return status;
    }
    return m_merged < m_generation.size() ? SQLITE_OK : m_setPosition.bind(1, m_generationEnd).run();
}

int EventIds::mergeRest()
{
    return merge(m_generation.size());
}

void EventIds::committed()
{
    m_added.clear();
    m_mustReload = false;
    m_mergedDurably = m_merged;
    if (m_merged < m_generation.size())
        return;
    m_generation.clear();
    m_merged = m_mergedDurably = 0;
    if (m_recent.size() >= m_generationSize)
        freeze();
}

void EventIds::rolledBack()
{
    m_merged = m_mergedDurably;
    if (m_mustReload) {
        m_recent.clear();
        m_generation.clear();
        m_merged = m_mergedDurably = 0;
        m_lastSeq = -1;
    }
    for (const Entry &entry : m_added) {
        const auto [first, last] = m_recent.equal_range(entry.hash);
        const auto it = std::find_if(first, last, [&entry](const auto &pair) { return pair.second == entry.seq; });
        if (it != last)
            m_recent.erase(it);
    }
    if (!m_added.empty() && m_lastSeq >= 0)
        m_lastSeq = m_added.front().seq - 1;
    m_added.clear();
    m_mustReload = false;
}

void EventIds::freeze()
{
    m_generation.clear();
    m_generation.reserve(m_recent.size());
    m_generationEnd = 0;
    for (const auto &[hash, seq] : m_recent) {
        m_generation.push_back({hash, seq});
        m_generationEnd = std::max(m_generationEnd, seq);
    }
    m_recent.clear();
    std::ranges::sort(m_generation);
    m_merged = m_mergedDurably = 0;
}

int EventIds::mergeAll()
{
    if (m_generation.empty() && m_recent.empty())
        return SQLITE_OK;
    if (!m_database.execute("BEGIN IMMEDIATE"))
        return SQLITE_BUSY;
    int status = mergeRest();
    if (status == SQLITE_OK && !m_recent.empty()) {
        m_mustReload = true;
        freeze();
        status = mergeRest();
    }
    if (status == SQLITE_OK && m_database.execute("COMMIT")) {
        committed();
        return SQLITE_OK;
    }
    if (m_database.isInTransaction())
        (void)m_database.execute("ROLLBACK");
    rolledBack();
    return status == SQLITE_OK ? SQLITE_FULL : status;
}

} // namespace sandglass::lifecycle
