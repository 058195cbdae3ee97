#include "services/lifecycle/otherevents.h"

#include "services/lifecycle/event.h"
#include "services/lifecycle/journalfile.h"

#include <sqlite3.h>

#include <algorithm>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t mostKept = 100'000;
constexpr std::size_t rowsPerLook = 4'096; ///< at whether to stop

} // namespace

OtherEvents::OtherEvents(Database &database)
    : m_database(database)
    , m_newer(database, "SELECT seq, time_ns, type FROM events WHERE seq > ?1 ORDER BY seq")
    , m_bySeq(database,
              "SELECT seq, id, type, source, time_ns, received_ns, sandbox_id, raw, sum, session FROM events "
              "WHERE seq = ?1")
{}

Result<> OtherEvents::follow(const std::function<bool()> &isStopped)
{
    int status = SQLITE_DONE;
    std::size_t rows = 0;
    bool mustStop = false;
    m_newer.bind(1, m_reached);
    while (!mustStop && (status = m_newer.step()) == SQLITE_ROW) {
        m_reached = m_newer.integer(0);
        if (eventTypeFromName(m_newer.bytes(2)) == EventType::Unknown)
            m_places.emplace_back(fromUnixNs(m_newer.integer(1)), m_reached);
        mustStop = ++rows % rowsPerLook == 0 && isStopped();
    }
    m_newer.reset();
    trim();
    if (mustStop)
        return failure(Error::Kind::Local, "stopped");
    return status == SQLITE_DONE ? Result<>() : Result<>(failure(m_database.lastError("the journal cannot be read")));
}

void OtherEvents::trim()
{
    std::ranges::sort(m_places);
    if (m_places.size() > mostKept)
        m_places.erase(m_places.begin(), m_places.end() - static_cast<std::ptrdiff_t>(mostKept));
}

std::int64_t OtherEvents::countUntil(Timestamp moment) const
{
    return std::ranges::upper_bound(m_places, Place(moment, INT64_MAX)) - m_places.begin();
}

std::vector<StoredEvent> OtherEvents::newestUntil(Timestamp moment, std::size_t limit)
{
    std::vector<StoredEvent> events, one;
    for (auto place = m_places.begin() + countUntil(moment); place != m_places.begin() && events.size() < limit;) {
        --place;
        (void)readEvents(m_bySeq.bind(1, place->second), 1, SIZE_MAX, one);
        if (!one.empty())
            events.push_back(std::move(one.front()));
    }
    return events;
}

} // namespace sandglass::lifecycle
