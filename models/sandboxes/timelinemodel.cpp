#include "models/sandboxes/timelinemodel.h"

#include "models/costs/timewindow.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/tracker.h"

#include <algorithm>

using namespace std::chrono_literals;

namespace sandglass::models {

namespace {

using Segment = TimelineModel::Segment;

Timestamp endOf(const lifecycle::RunInterval &run, Timestamp now)
{
    if (run.end)
        return *run.end;
    return run.confirmedMs ? run.start + std::chrono::milliseconds(*run.confirmedMs) : std::max(now, run.start);
}

/// Running and paused stretches of the whole life until `now`.
std::vector<Segment> segmentsOf(const lifecycle::Sandbox &sandbox, Timestamp now)
{
    std::vector<Segment> segments;
    for (const lifecycle::RunInterval &run : sandbox.runs) {
        if (!segments.empty() && run.start > segments.back().to)
            segments.push_back({segments.back().to, run.start, false, false});
        const bool isOpen = !run.end && !run.confirmedMs && sandbox.state == lifecycle::SandboxState::Running;
        segments.push_back({run.start, endOf(run, now), true, isOpen});
    }
    if (segments.empty() || segments.back().isOpen)
        return segments;
    if (sandbox.state == lifecycle::SandboxState::Paused && segments.back().to < now)
        segments.push_back({segments.back().to, now, false, true});
    else if (sandbox.endedAt && *sandbox.endedAt > segments.back().to)
        segments.push_back({segments.back().to, *sandbox.endedAt, false, false}); // ended while it was paused
    return segments;
}

} // namespace

TimelineModel::TimelineModel(lifecycle::Tracker &tracker, TimeWindow &window, QObject *parent)
    : QObject(parent), m_tracker(tracker), m_window(window)
{
    m_ticker.setInterval(1s);
    connect(&m_ticker, &QTimer::timeout, this, &TimelineModel::refresh);
    connect(&m_tracker, &lifecycle::Tracker::replayed, this, &TimelineModel::refresh);
    connect(&m_window, &TimeWindow::changed, this, &TimelineModel::refresh);
}

void TimelineModel::setActive(bool active)
{
    if (!active)
        return m_ticker.stop();
    m_ticker.start();
    refresh();
}

int TimelineModel::laneOf(const QString &sandboxId) const
{
    const auto found = std::ranges::find(m_lanes, sandboxId, &Lane::sandboxId);
    return found == m_lanes.end() ? -1 : static_cast<int>(found - m_lanes.begin());
}

void TimelineModel::refresh()
{
    if (!m_ticker.isActive() || !m_tracker.isReplayed())
        return;
    m_from = m_window.from();
    m_to = m_window.to();
    const Timestamp now = m_tracker.now();
    std::vector<const lifecycle::Sandbox *> living;
    for (const auto &[id, sandbox] : m_tracker.fold().sandboxes()) {
        const bool beganInTime = !sandbox.runs.empty() && sandbox.runs.front().start < m_to;
        const bool endedBefore = sandbox.endedAt && *sandbox.endedAt <= m_from;
        if (beganInTime && !endedBefore)
            living.push_back(&sandbox);
    }
    const std::size_t kept = std::min(living.size(), capacity);
    std::ranges::partial_sort(
        living, living.begin() + static_cast<std::ptrdiff_t>(kept), [](const auto *a, const auto *b) {
            return a->runs.front().start != b->runs.front().start ? a->runs.front().start > b->runs.front().start
                                                                  : a->id < b->id;
        });
    m_leftOut = static_cast<int>(living.size() - kept);
    living.resize(kept);
    m_lanes.clear();
    m_lanes.reserve(kept);
    for (const lifecycle::Sandbox *sandbox : living)
        m_lanes.push_back({toQString(sandbox->id), toQString(sandbox->templateName()), sandbox->state,
                           toQString(sandbox->killReason), segmentsOf(*sandbox, now)});
    Q_EMIT changed();
}

} // namespace sandglass::models
