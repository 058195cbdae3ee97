#include "models/timetravel/viewpoint.h"

#include "services/lifecycle/timemachine.h"
#include "services/lifecycle/tracker.h"

#include <algorithm>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::models {

using lifecycle::Past;
using lifecycle::StoredEvent;
using lifecycle::TimeMachine;
using lifecycle::Tracker;

Viewpoint::Viewpoint(Tracker &tracker, const lifecycle::Journal &journal, QObject *parent)
    : Picture(parent), m_tracker(tracker), m_journal(journal)
{
    connect(&m_tracker, &Tracker::replayed, this, [this] {
        if (!m_past)
            Q_EMIT replayed();
    });
    connect(&m_tracker, &Tracker::eventsRecorded, this, &Viewpoint::hear);
    connect(&m_tracker, &Tracker::sandboxesChanged, this, [this](const std::vector<std::string> &ids) {
        if (!m_past)
            Q_EMIT sandboxesChanged(ids);
    });
    connect(&m_tracker, &Tracker::rateCardChanged, this, [this] {
        if (m_past)
            m_past->ledger.setRateCard(m_tracker.rateCard());
        Q_EMIT rateCardChanged();
    });
}

Viewpoint::~Viewpoint() = default;

void Viewpoint::start()
{
    if (m_machine)
        return;
    m_machine = std::make_unique<TimeMachine>(m_journal);
    connect(m_machine.get(), &TimeMachine::arrived, this, &Viewpoint::arrive);
    connect(m_machine.get(), &TimeMachine::failed, this, &Viewpoint::breakOff);
}

void Viewpoint::prepare()
{
    start();
    if (!m_target)
        m_machine->seek(present(), m_tracker.rateCard());
}

void Viewpoint::travelTo(Timestamp moment)
{
    if (moment >= present())
        return returnToNow();
    if (m_target == moment)
        return;
    start();
    if (!m_target)
        m_news = 0;
    m_target = moment;
    m_machine->seek(moment, m_tracker.rateCard());
    Q_EMIT travelled();
}

void Viewpoint::returnToNow()
{
    if (!m_target)
        return;
    m_machine->forget();
    m_target.reset();
    if (auto past = std::exchange(m_past, nullptr)) {
        Q_EMIT replayed();
        m_machine->dispose(std::move(past));
    }
    Q_EMIT travelled();
}

void Viewpoint::rest()
{
    if (!m_target)
        m_machine.reset();
}

void Viewpoint::arrive(const std::shared_ptr<Past> &past)
{
    if (past->firstEvent && past->firstEvent != m_firstEvent) {
        m_firstEvent = past->firstEvent;
        Q_EMIT reachChanged();
    }
    if (!m_target) { // it was about prepare()
        m_lastEvent = std::max(m_lastEvent, past->previousEvent);
        m_machine->dispose(past);
        return Q_EMIT prepared();
    }
    auto before = std::exchange(m_past, past);
    // Prices may have changed since it was asked for.
    m_past->ledger.setRateCard(m_tracker.rateCard());
    Q_EMIT replayed();
    m_machine->dispose(std::move(before));
    Q_EMIT travelled();
}

void Viewpoint::breakOff(const Error &error)
{
    m_target = m_past ? std::optional(m_past->moment) : std::nullopt;
    Q_EMIT travelled();
    Q_EMIT failed(error);
}

void Viewpoint::hear(const std::vector<StoredEvent> &events)
{
    for (const StoredEvent &stored : events) {
        if (stored.event.timestamp <= present())
            m_lastEvent = std::max(m_lastEvent, std::optional(stored.event.timestamp));
    }
    if (!m_past)
        Q_EMIT eventsRecorded(events);
    if (m_target) {
        m_news += static_cast<std::int64_t>(events.size());
        Q_EMIT newsCame();
    }
}

std::optional<Timestamp> Viewpoint::stepped(Step step, int count) const
{
    switch (step) {
    case Step::Event:
        if (isSeeking())
            return {}; // what lies around is not known yet
        return !m_past  ? (count < 0 ? m_lastEvent : std::nullopt)
            : count < 0 ? m_past->previousEvent
                        : std::optional(m_past->nextEvent.value_or(Timestamp::max()));
    case Step::Minute:
        return target() + 1min * count;
    case Step::Hour:
        return target() + 1h * count;
    case Step::Day:
        return target() + std::chrono::days(count);
    }
    return {};
}

bool Viewpoint::canStep(Step step, int count) const
{
    if (count > 0)
        return m_target && stepped(step, count);
    const auto moment = stepped(step, count);
    return moment && m_firstEvent && (step == Step::Event || target() > *m_firstEvent);
}

void Viewpoint::step(Step step, int count)
{
    if (!canStep(step, count))
        return;
    const Timestamp moment = *stepped(step, count);
    travelTo(count < 0 ? std::max(moment, *m_firstEvent) : moment);
}

Timestamp Viewpoint::target() const
{
    return m_target.value_or(present());
}

Timestamp Viewpoint::present() const
{
    return m_tracker.now();
}

bool Viewpoint::isReplayed() const
{
    return m_past || m_tracker.isReplayed();
}

Timestamp Viewpoint::now() const
{
    return m_past ? m_past->moment : m_tracker.now();
}

int Viewpoint::eventsWithin(std::chrono::milliseconds window) const
{
    return m_past ? m_past->eventsWithin(window) : m_tracker.eventsWithin(window);
}

std::int64_t Viewpoint::eventCount() const
{
    return m_past ? m_past->eventCount : m_tracker.eventCount();
}

Result<std::vector<StoredEvent>> Viewpoint::newestEvents(std::size_t limit) const
{
    if (!m_past)
        return m_tracker.newestEvents(limit);
    const auto &newest = m_past->newest;
    return std::vector<StoredEvent>(newest.begin(),
                                    newest.begin() + static_cast<std::ptrdiff_t>(std::min(limit, newest.size())));
}

const lifecycle::Ledger &Viewpoint::ledger() const
{
    return m_past ? m_past->ledger : m_tracker.ledger();
}

} // namespace sandglass::models
