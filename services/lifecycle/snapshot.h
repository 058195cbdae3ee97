#pragma once

#include "services/core/result.h"
#include "services/lifecycle/database.h"
#include "services/lifecycle/fold.h"
#include "services/lifecycle/rollup.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

struct ArchiveChunk;

/// Keeps the journal's derived tables: the folded record of each sandbox and, for sandboxes that ended a while ago,
/// what they used in rollups and archive. Live ones and the last ended ones are hot: a start loads those and nothing
/// else. The tables can be thrown away (dropDerived): the same events give the same tables again, as far as they
/// reach. Works on the journal's writing connection, in its thread; every call is one transaction.
class Snapshot final
{
public:
    explicit Snapshot(Database &database);
    [[nodiscard]] bool isValid() const;

    /// Folds at most `limit` more events, and no further ones once `patience` is over. True when there may be more.
    [[nodiscard]] Result<bool> catchUp(std::size_t limit, std::chrono::milliseconds patience = std::chrono::hours(1));
    /// Takes at most `limit` cold sandboxes that have changed since out of the rollups. True when there may be more.
    [[nodiscard]] Result<bool> thaw(std::size_t limit);
    /// Counts the oldest ended sandboxes in rollups and archive, at most `limit`, until `keep` are left hot. True
    /// when there may be more.
    [[nodiscard]] Result<bool> chill(std::size_t keep, std::size_t limit);

    /// Removes at most `limit` of the oldest events that arrived before `before` and stand in the tables, which stay.
    /// The number of events removed. From then on the tables cannot be made again from the events: see isTrimmed().
    [[nodiscard]] Result<std::int64_t> trim(Timestamp before, std::size_t limit);
    [[nodiscard]] bool isTrimmed();

    /// Number of the last event in the tables.
    [[nodiscard]] Result<std::int64_t> foldedSeq();

private:
    struct Entry;

    [[nodiscard]] Result<bool> inTransaction(const std::function<Result<bool>()> &work);
    [[nodiscard]] Result<bool> foldChunk(std::size_t limit, std::chrono::milliseconds patience);
    [[nodiscard]] Result<> save(const Fold &fold, const std::string &id, const Entry &entry);
    [[nodiscard]] Result<bool> thawChunk(std::size_t limit);
    [[nodiscard]] Result<> removeFromArchive(std::int64_t chunk, std::int64_t sandbox);
    [[nodiscard]] Result<bool> chillChunk(std::size_t keep, std::size_t limit);
    [[nodiscard]] Result<std::int64_t> trimChunk(Timestamp before, std::size_t limit);
    [[nodiscard]] Result<> setTier(std::int64_t number, int tier, std::int64_t chunk);
    [[nodiscard]] Result<> saveChunk(std::int64_t number, const ArchiveChunk &chunk);
    [[nodiscard]] tl::unexpected<Error> failed() const;

    Database &m_database;
    RollupWriter m_rollups;
    Statement m_begin, m_commit, m_rollback;
    Statement m_events, m_position, m_setPosition;
    Statement m_find, m_insert, m_update, m_changed, m_ended, m_setTier, m_chunk, m_saveChunk;
    std::optional<std::size_t> m_endedCount; ///< hot ones; counted once
};

/// True when the tables have to be made again (dropDerived, catchUp).
[[nodiscard]] bool isTableDamage(const Error &error);

/// What a start needs: the hot sandboxes, and the event up to which they are folded.
struct HotState
{
    Fold fold;
    std::int64_t seq = 0;
};
[[nodiscard]] Result<HotState> loadHot(Database &database);

/// A sandbox that is not hot.
struct ColdSandbox
{
    std::string record;  ///< as folded
    std::string counted; ///< as it stands in the rollups
};
class ColdFinder final
{
public:
    explicit ColdFinder(Database &database);
    /// Empty when it is hot, or not known.
    [[nodiscard]] std::optional<ColdSandbox> find(const std::string &sandboxId);

private:
    Statement m_select;
};

} // namespace sandglass::lifecycle
