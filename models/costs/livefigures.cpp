#include "models/costs/livefigures.h"

#include "services/lifecycle/tracker.h"

#include <QDateTime>

#include <chrono>

using namespace std::chrono_literals;

namespace sandglass::models {

Timestamp startOfLocalDay(Timestamp now)
{
    const QDate day = QDateTime::fromMSecsSinceEpoch(toUnixMs(now)).date();
    return fromUnixMs(day.startOfDay().toMSecsSinceEpoch());
}

LiveFigures::LiveFigures(lifecycle::Tracker &tracker, const lifecycle::Journal &journal, QObject *parent)
    : QObject(parent), m_tracker(tracker), m_journal(journal)
{
    m_soon.setSingleShot(true);
    m_soon.setInterval(500ms);
    connect(&m_soon, &QTimer::timeout, this, &LiveFigures::refresh);
    connect(&m_ticker, &QTimer::timeout, this, &LiveFigures::refresh);
    connect(&m_tracker, &lifecycle::Tracker::replayed, this, &LiveFigures::refresh);
    connect(&m_tracker, &lifecycle::Tracker::sandboxesChanged, this, &LiveFigures::markDirty);
    connect(&m_tracker, &lifecycle::Tracker::rateCardChanged, this, &LiveFigures::markDirty);
    connect(&m_tracker, &lifecycle::Tracker::eventsRecorded, this,
            [this](const std::vector<lifecycle::StoredEvent> &events) {
                for (const auto &stored : events)
                    m_lastEvent = std::max(m_lastEvent.value_or(Timestamp::min()), stored.event.receivedAt);
                markDirty();
            });
    m_ticker.start(2s);
}

std::int64_t LiveFigures::journalCount() const
{
    return m_journal.count();
}

void LiveFigures::markDirty()
{
    if (!m_soon.isActive())
        m_soon.start();
}

void LiveFigures::refresh()
{
    if (!m_tracker.isReplayed())
        return;
    countSandboxes();
    const Timestamp now = m_tracker.now();
    m_burnRate = m_tracker.burnRate();
    m_today = m_tracker.costBetween(startOfLocalDay(now), now);
    m_eventsPerMinute = m_tracker.eventsWithin(1min);
    Q_EMIT changed();
}

void LiveFigures::countSandboxes()
{
    m_running = m_paused = m_vcpu = m_mib = 0;
    for (const auto &[id, sandbox] : m_tracker.fold().sandboxes()) {
        if (!m_lastEvent || sandbox.lastEventAt > *m_lastEvent)
            m_lastEvent = sandbox.lastEventAt;
        if (sandbox.state == lifecycle::SandboxState::Paused)
            ++m_paused;
        if (sandbox.state != lifecycle::SandboxState::Running)
            continue;
        ++m_running;
        if (!sandbox.runs.empty()) {
            m_vcpu += sandbox.runs.back().vcpuCount;
            m_mib += sandbox.runs.back().memoryMb;
        }
    }
}

} // namespace sandglass::models
