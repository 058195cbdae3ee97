#include "models/costs/livefigures.h"

#include "services/lifecycle/picture.h"

#include <QDateTime>

#include <chrono>

using namespace std::chrono_literals;

namespace sandglass::models {

Timestamp startOfLocalDay(Timestamp now)
{
    const QDate day = QDateTime::fromMSecsSinceEpoch(toUnixMs(now)).date();
    return fromUnixMs(day.startOfDay().toMSecsSinceEpoch());
}

LiveFigures::LiveFigures(lifecycle::Picture &picture, QObject *parent) : QObject(parent), m_picture(picture)
{
    m_soon.setSingleShot(true);
    m_soon.setInterval(500ms);
    connect(&m_soon, &QTimer::timeout, this, &LiveFigures::refresh);
    connect(&m_ticker, &QTimer::timeout, this, &LiveFigures::refresh);
    connect(&m_picture, &lifecycle::Picture::replayed, this, [this] {
        m_lastEvent.reset();
        refresh();
    });
    connect(&m_picture, &lifecycle::Picture::sandboxesChanged, this, &LiveFigures::markDirty);
    connect(&m_picture, &lifecycle::Picture::rateCardChanged, this, &LiveFigures::markDirty);
    connect(&m_picture, &lifecycle::Picture::eventsRecorded, this,
            [this](const std::vector<lifecycle::StoredEvent> &events) {
                for (const auto &stored : events)
                    m_lastEvent = std::max(m_lastEvent.value_or(Timestamp::min()), stored.event.receivedAt);
                markDirty();
            });
    m_ticker.start(2s);
}

std::int64_t LiveFigures::journalCount() const
{
    return m_picture.eventCount();
}

void LiveFigures::markDirty()
{
    if (!m_soon.isActive())
        m_soon.start();
}

void LiveFigures::refresh()
{
    if (!m_picture.isReplayed())
        return;
    countSandboxes();
    const Timestamp now = m_picture.now();
    m_burnRate = m_picture.burnRate();
    m_today = m_picture.costBetween(startOfLocalDay(now), now);
    m_eventsPerMinute = m_picture.eventsWithin(1min);
    Q_EMIT changed();
}

void LiveFigures::countSandboxes()
{
    m_running = m_paused = m_vcpu = m_mib = 0;
    for (const auto &[id, sandbox] : m_picture.fold().sandboxes()) {
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
