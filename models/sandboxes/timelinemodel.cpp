#include "models/sandboxes/timelinemodel.h"

#include "models/costs/timewindow.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/picture.h"

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

TimelineModel::TimelineModel(lifecycle::Picture &picture, TimeWindow &window, QObject *parent)
    : QObject(parent)
    , m_picture(picture)
    , m_window(window)
    , m_scan(picture,
             {[this] {
                  m_scanFrom = m_window.from();
                  m_scanTo = m_window.to();
                  m_found.clear();
              },
              [this](const lifecycle::Sandbox &sandbox) { add(sandbox); }, [this] { publish(); }})
{
    m_ticker.setInterval(1s);
    connect(&m_ticker, &QTimer::timeout, this, &TimelineModel::refresh);
    const auto readAnew = [this] {
        m_isCurrent = false;
        m_scan.cancel();
        refresh();
    };
    connect(&m_picture, &lifecycle::Picture::replayed, this, readAnew);
    connect(&m_window, &TimeWindow::changed, this, readAnew);
}

void TimelineModel::setActive(bool active)
{
    if (!active) {
        m_scan.cancel();
        return m_ticker.stop();
    }
    m_isCurrent = false;
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
    if (!m_ticker.isActive() || !m_picture.isReplayed())
        return;
    m_scan.start();
}

void TimelineModel::add(const lifecycle::Sandbox &sandbox)
{
    const bool beganInTime = !sandbox.runs.empty() && sandbox.runs.front().start < m_scanTo;
    const bool endedBefore = sandbox.endedAt && *sandbox.endedAt <= m_scanFrom;
    if (beganInTime && !endedBefore)
        m_found.push_back({toQString(sandbox.id), toQString(sandbox.templateName()), sandbox.state,
                           toQString(sandbox.killReason), segmentsOf(sandbox, m_picture.now())});
}

void TimelineModel::publish()
{
    std::vector<Lane *> order;
    order.reserve(m_found.size());
    for (Lane &lane : m_found)
        order.push_back(&lane);
    const std::size_t kept = std::min(order.size(), capacity);
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(kept),
                              [](const Lane *a, const Lane *b) {
                                  const Timestamp first = a->segments.front().from, second = b->segments.front().from;
                                  return first != second ? first > second : a->sandboxId < b->sandboxId;
                              });
    m_leftOut = static_cast<int>(order.size() - kept);
    order.resize(kept);
    std::vector<Lane> lanes;
    lanes.reserve(kept);
    for (Lane *lane : order)
        lanes.push_back(std::move(*lane));
    m_lanes = std::move(lanes);
    m_found.clear();
    m_from = m_scanFrom;
    m_to = m_scanTo;
    m_isCurrent = true;
    Q_EMIT changed();
}

} // namespace sandglass::models
