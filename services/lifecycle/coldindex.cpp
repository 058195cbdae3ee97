#include "services/lifecycle/coldindex.h"

#include "services/lifecycle/recordmarks.h"
#include "services/lifecycle/rolluparchive.h"

#include <sqlite3.h>

#include <algorithm>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t rowsPerLook = 4'096; ///< at whether to stop

} // namespace

Result<ColdIndex> ColdIndex::load(Database &database, const std::function<bool()> &isStopped)
{
    ColdIndex index;
    std::vector<Life> &lives = index.m_lives;
    const auto stopped = [&] { return failure(Error::Kind::Local, "stopped"); };
    std::vector<EventMark> marks;
    int status = SQLITE_DONE;
    Statement records(database, "SELECT number, record FROM sandboxes WHERE tier = 2 ORDER BY number");
    while ((status = records.step()) == SQLITE_ROW) {
        marks.clear();
        if (!appendMarks(records.bytes(1), marks) || marks.empty())
            continue;
        lives.push_back({records.integer(0), marks.front().time, marks.front().time, marks.back().time,
                         static_cast<std::int32_t>(marks.size())});
        if (lives.size() % rowsPerLook == 0 && isStopped())
            return stopped();
    }
    if (status != SQLITE_DONE)
        return failure(database.lastError("the journal's tables cannot be read"));
    // What was billed may reach beyond the events that told it.
    Statement chunks(database, "SELECT data FROM archive");
    while ((status = chunks.step()) == SQLITE_ROW) {
        const auto chunk = ArchiveChunk::decode(chunks.bytes(0));
        if (!chunk)
            return failure(Error::Kind::Local, "the journal's archive is damaged");
        for (const ArchiveChunk::Entry &entry : chunk->entries) {
            const auto life = std::ranges::lower_bound(lives, entry.sandbox, {}, &Life::number);
            if (life == lives.end() || life->number != entry.sandbox)
                continue;
            life->start = std::min(life->start, entry.stretch.start);
            life->end = std::max(life->end, entry.stretch.end);
        }
        if (isStopped())
            return stopped();
    }
    if (status != SQLITE_DONE)
        return failure(database.lastError("the journal's tables cannot be read"));
    std::ranges::sort(lives, {}, &Life::end);
    lives.shrink_to_fit();
    return index;
}

std::span<const ColdIndex::Life> ColdIndex::endedBy(Timestamp time) const
{
    const auto end = std::ranges::upper_bound(m_lives, time, {}, &Life::end);
    return {m_lives.begin(), end};
}

} // namespace sandglass::lifecycle
