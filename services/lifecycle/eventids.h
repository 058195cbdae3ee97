#pragma once

#include "services/core/result.h"
#include "services/lifecycle/database.h"
#include "services/lifecycle/idfilter.h"

#include <cstddef>
#include <cstdint>
#include <memory>
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
    /// `generationSize`: ids that enter the table together. `filterSize`: ids the filter has room for at least.
    explicit EventIds(Database &database, std::size_t generationSize = 32'768, std::size_t filterSize = 1U << 20);
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

    /// A filter tells most new ids from those in the table without a look at it, once it has learnt what the table
    /// held at the start. That takes idle time; until then, and above some millions of ids, the table is asked.
    [[nodiscard]] bool hasToLearn() const { return m_filter && !m_hasLearnt; }
    void learn(std::size_t rows); ///< outside a transaction; `rows` more of the table

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
    void remember(std::int64_t hash, std::int64_t seq);
    void beginLearning(std::int64_t topSeq);
    void freeze();
    [[nodiscard]] int mergeRest();

    Database &m_database;
    const std::size_t m_generationSize;
    const std::size_t m_filterSize;
    Statement m_position, m_setPosition, m_rows, m_idOf, m_find, m_insert, m_hashes;

    std::int64_t m_lastSeq = -1;                                  ///< known up to here; -1: to be read
    std::unordered_multimap<std::int64_t, std::int64_t> m_recent; ///< hash -> seq
    std::vector<Entry> m_generation;                              ///< on its way into the table, in order
    std::int64_t m_generationEnd = 0;                             ///< its highest seq
    std::size_t m_merged = 0;                                     ///< of the generation, in this transaction
    std::size_t m_mergedDurably = 0;
    /// All hashes that have been in m_recent since m_lastSeq was read from the table, and, once learnt, all that the
    /// table held by then. So all there are: what another writer adds comes into m_recent first. Null: too many.
    std::unique_ptr<IdFilter> m_filter;
    bool m_hasLearnt = false;
    std::int64_t m_learntHash = 0; ///< the table is in the filter up to here

    std::vector<Entry> m_added; ///< in this transaction
    bool m_mustReload = false;  ///< if this transaction is rolled back
};

/// Finds an event by its id, for any reading connection: the table, and the events it does not know yet.
inline constexpr const char *selectSeqOfIdSql =
    "SELECT events.seq FROM event_ids CROSS JOIN events USING(seq) WHERE event_ids.id_hash = ?1 AND events.id = ?2 "
    "UNION ALL SELECT seq FROM events WHERE seq > (SELECT value FROM state WHERE key = 'ids') AND id_hash = ?1 "
    "AND id = ?2 LIMIT 1";

} // namespace sandglass::lifecycle
