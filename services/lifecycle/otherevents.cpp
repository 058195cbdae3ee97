#include "services/lifecycle/otherevents.h"

#include "services/lifecycle/event.h"
#include "services/lifecycle/journalfile.h"

#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t rowsPerLook = 4'096; ///< at whether to stop

} // namespace

OtherEvents::OtherEvents(Database &database, std::size_t mostShown)
    : m_database(database)
    , m_mostShown(mostShown)
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
    std::vector<Place> fresh;
    m_newer.bind(1, m_reached);
    while (!mustStop && (status = m_newer.step()) == SQLITE_ROW) {
        m_reached = m_newer.integer(0);
        if (eventTypeFromName(m_newer.bytes(2)) == EventType::Unknown)
            fresh.emplace_back(fromUnixNs(m_newer.integer(1)), m_reached);
        mustStop = ++rows % rowsPerLook == 0 && isStopped();
    }
    m_newer.reset();
    keep(std::move(fresh));
    if (mustStop)
        return failure(Error::Kind::Local, "stopped");
    return status == SQLITE_DONE ? Result<>() : Result<>(failure(m_database.lastError("the journal cannot be read")));
}

void OtherEvents::keep(std::vector<Place> fresh)
{
    std::ranges::sort(fresh);
    const auto known = static_cast<std::ptrdiff_t>(m_times.size());
    std::ranges::transform(fresh, std::back_inserter(m_times), &Place::first);
    std::ranges::inplace_merge(m_times, m_times.begin() + known);
    const auto placed = static_cast<std::ptrdiff_t>(m_places.size());
    m_places.insert(m_places.end(), fresh.begin(), fresh.end());
    std::ranges::inplace_merge(m_places, m_places.begin() + placed);
    if (m_places.size() > m_mostShown)
        m_places.erase(m_places.begin(), m_places.end() - static_cast<std::ptrdiff_t>(m_mostShown));
}

std::int64_t OtherEvents::countUntil(Timestamp moment) const
{
    return std::ranges::upper_bound(m_times, moment) - m_times.begin();
}

std::span<const Timestamp> OtherEvents::timesBetween(Timestamp after, Timestamp until) const
{
    const auto first = std::ranges::upper_bound(m_times, after);
    return {first, std::upper_bound(first, m_times.end(), until)};
}

std::vector<StoredEvent> OtherEvents::newestUntil(Timestamp moment, std::size_t limit)
{
    std::vector<StoredEvent> events, one;
    for (auto place = std::ranges::upper_bound(m_places, Place(moment, INT64_MAX));
         place != m_places.begin() && events.size() < limit;) {
        --place;
        (void)readEvents(m_bySeq.bind(1, place->second), 1, SIZE_MAX, one);
        if (!one.empty())
            events.push_back(std::move(one.front()));
    }
    return events;
}

} // namespace sandglass::lifecycle
