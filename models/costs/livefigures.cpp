#include "models/costs/livefigures.h"

#include "services/core/displayzone.h"
#include "services/lifecycle/picture.h"

#include <QDateTime>

#include <algorithm>
#include <chrono>

using namespace std::chrono_literals;

namespace sandglass::models {

Timestamp startOfLocalDay(Timestamp now)
{
    const QDate day = DisplayZone::at(now).date();
    return fromUnixMs(day.startOfDay(DisplayZone::spec()).toMSecsSinceEpoch());
}

LiveFigures::LiveFigures(lifecycle::Picture &picture, QObject *parent) : QObject(parent), m_picture(picture)
{
    m_soon.setSingleShot(true);
    m_soon.setInterval(500ms);
    connect(&m_soon, &QTimer::timeout, this, &LiveFigures::refresh);
    connect(&m_ticker, &QTimer::timeout, this, &LiveFigures::refresh);
    connect(&m_picture, &lifecycle::Picture::replayed, this, [this] {
        countAll();
        refresh();
    });
    connect(&m_picture, &lifecycle::Picture::sandboxesChanged, this, [this](const std::vector<std::string> &ids) {
        for (const std::string &id : ids) {
            if (const lifecycle::Sandbox *sandbox = m_picture.fold().find(id))
                count(*sandbox);
        }
        markDirty();
    });
    connect(&m_picture, &lifecycle::Picture::rateCardChanged, this, &LiveFigures::markDirty);
    connect(&m_picture, &lifecycle::Picture::eventsRecorded, this,
            [this](const std::vector<lifecycle::StoredEvent> &events) {
                for (const auto &stored : events)
                    m_lastEvent = std::max(m_lastEvent.value_or(Timestamp::min()), stored.event.receivedAt);
                markDirty();
            });
    if (m_picture.isReplayed())
        countAll();
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
    const Timestamp now = m_picture.now();
    m_burnRate = m_picture.burnRate();
    m_today = m_picture.costBetween(startOfLocalDay(now), now);
    m_eventsPerMinute = m_picture.eventsWithin(1min);
    Q_EMIT changed();
}

void LiveFigures::countAll()
{
    m_live.clear();
    m_running = m_paused = m_vcpu = m_mib = 0;
    m_lastEvent.reset();
    for (const auto &[id, sandbox] : m_picture.fold().sandboxes())
        count(sandbox);
}

/// One at a time, as they change: ten thousand, looked at anew with each change, would hold the UI thread.
void LiveFigures::count(const lifecycle::Sandbox &sandbox)
{
    m_lastEvent = std::max(m_lastEvent.value_or(sandbox.lastEventAt), sandbox.lastEventAt);
    if (const auto known = m_live.find(sandbox.id); known != m_live.end()) {
        add(known->second, -1);
        m_live.erase(known);
    }
    Share share;
    share.isRunning = sandbox.state == lifecycle::SandboxState::Running;
    if (!share.isRunning && sandbox.state != lifecycle::SandboxState::Paused)
        return;
    if (share.isRunning && !sandbox.runs.empty()) {
        share.vcpu = sandbox.runs.back().vcpuCount;
        share.mib = sandbox.runs.back().memoryMb;
    }
    add(share, 1);
    m_live.emplace(sandbox.id, share);
}

void LiveFigures::add(const Share &share, int sign)
{
    (share.isRunning ? m_running : m_paused) += sign;
    m_vcpu += sign * share.vcpu;
    m_mib += sign * share.mib;
}

} // namespace sandglass::models
