#include "models/sandboxes/scanturns.h"

#include "models/sandboxes/foldscan.h"

#include <ctime>

namespace sandglass::models {

namespace {

/// What other programs take meanwhile does not count.
std::chrono::nanoseconds threadTime()
{
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

} // namespace

std::shared_ptr<ScanTurns> ScanTurns::shared()
{
    static std::weak_ptr<ScanTurns> present; // goes with the last scan: a timer must not outlive the application
    auto turns = present.lock();
    if (!turns)
        present = turns = std::make_shared<ScanTurns>();
    return turns;
}

ScanTurns::ScanTurns()
{
    m_timer.setSingleShot(true);
    QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { next(); });
}

bool ScanTurns::isFree() const
{
    return m_waiting.empty() && m_used < slice;
}

void ScanTurns::begin()
{
    m_clock.start();
    m_began = threadTime();
}

void ScanTurns::end()
{
    m_used += threadTime() - m_began;
    m_timer.start(0);
}

void ScanTurns::join(FoldScan &scan)
{
    m_waiting.push_back(&scan);
    m_timer.start(0);
}

void ScanTurns::leave(FoldScan &scan)
{
    std::erase(m_waiting, &scan);
}

void ScanTurns::next()
{
    m_used = {};
    if (m_waiting.empty())
        return;
    FoldScan *scan = m_waiting.front();
    m_waiting.pop_front();
    scan->goOn(); // may end it
    if (!m_waiting.empty())
        m_timer.start(0);
}

} // namespace sandglass::models
