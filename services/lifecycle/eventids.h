#pragma once

#include "services/core/result.h"
#include "services/lifecycle/database.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sandglass::lifecycle {

/// Which event ids a journal holds, for its writer. The ids are random: an index kept up with every event would write
/// a page of its own for each. So the newest are kept in memory and enter the table `event_ids` sorted by hash, a few
/// with each transaction; state `ids` says up to which event the table is complete, and a start reads the rest from
/// the events. Works on the journal's writing connection, in its thread, within its transactions. Answers are SQLite's
/// codes.
class EventIds final
{
public:
    /// `generationSize`: ids that enter the table together.
    explicit EventIds(Database &database, std::size_t generationSize = 32'768);
    [[nodiscard]] bool isValid() const;

    /// In the open transaction, first: reads the events up to `topSeq` that another writer, or an earlier run, has
    /// left.
    [[nodiscard]] int follow(std::int64_t topSeq);
    [[nodiscard]] int find(std::int64_t hash, std::string_view id, bool &isKnown);
    void add(std::int64_t hash, std::int64_t seq); ///< an event stored in this transaction
    /// Takes at most `count` more ids into the table. At twice the number of events stored it always keeps up.
    [[nodiscard]] int merge(std::size_t count);
    void committed();
    void rolledBack();

    /// Takes all into the table, in a transaction of its own: the next start has nothing to read.
    [[nodiscard]] int mergeAll();

private:
    struct Entry
    {
        std::int64_t hash = 0;
        std::int64_t seq = 0;
        auto operator<=>(const Entry &) const = default;
    };
    [[nodiscard]] bool isInMemory(std::int64_t hash, std::string_view id, int &status);
    [[nodiscard]] bool isEvent(std::int64_t seq, std::string_view id, int &status);
    void freeze();
    [[nodiscard]] int mergeRest();

    Database &m_database;
    const std::size_t m_generationSize;
    Statement m_position, m_setPosition, m_rows, m_idOf, m_find, m_insert;

    std::int64_t m_lastSeq = -1;                                  ///< known up to here; -1: to be read
    std::unordered_multimap<std::int64_t, std::int64_t> m_recent; ///< hash -> seq
    std::vector<Entry> m_generation;                              ///< on its way into the table, in order
    std::int64_t m_generationEnd = 0;                             ///< its highest seq
    std::size_t m_merged = 0;                                     ///< of the generation, in this transaction
    std::size_t m_mergedDurably = 0;
    std::vector<Entry> m_added; ///< in this transaction
    bool m_mustReload = false;  ///< if this transaction is rolled back
};

/// Finds an event by its id, for any reading connection: the table, and the events it does not know yet.
inline constexpr const char *selectSeqOfIdSql =
    "SELECT events.seq FROM event_ids CROSS JOIN events USING(seq) WHERE event_ids.id_hash = ?1 AND events.id = ?2 "
    "UNION ALL SELECT seq FROM events WHERE seq > (SELECT value FROM state WHERE key = 'ids') AND id_hash = ?1 "
    "AND id = ?2 LIMIT 1";

} // namespace sandglass::lifecycle
