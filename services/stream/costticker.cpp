#include "services/stream/costticker.h"

#include "services/lifecycle/tracker.h"

#include <utility>

using namespace std::chrono_literals;

namespace sandglass::stream {

namespace {

bool isSized(const lifecycle::Sandbox &sandbox)
{
    return !sandbox.runs.empty() && sandbox.runs.back().vcpuCount > 0 && sandbox.runs.back().memoryMb > 0;
}

} // namespace

CostTicker::CostTicker(const lifecycle::Tracker &tracker, std::function<bool()> isListened,
                       std::function<void(const CostTick &)> tell, QObject *parent)
    : QObject(parent), m_tracker(tracker), m_isListened(std::move(isListened)), m_tell(std::move(tell))
{
    connect(&m_timer, &QTimer::timeout, this, &CostTicker::tick);
    m_timer.start(1s);
}

void CostTicker::tick()
{
    if (!m_tracker.isReplayed() || !m_isListened())
        return;
    CostTick tick;
    tick.at = m_tracker.now();
    tick.today = m_tracker.costBetween(std::chrono::floor<std::chrono::days>(tick.at), tick.at);
    tick.burnRate = m_tracker.burnRate();
    for (const lifecycle::Sandbox *sandbox : m_tracker.fold().live()) {
        const bool isRunning = sandbox->state == lifecycle::SandboxState::Running;
        (isRunning ? tick.running : tick.paused) += 1;
        tick.unsized += isRunning && !isSized(*sandbox) ? 1 : 0;
    }
    if (m_told)
        m_told->at = tick.at;
    if (m_told != tick)
        m_tell(*(m_told = tick));
}

} // namespace sandglass::stream
