#include "app/waking.h"

#include <ctime>
#include <utility>

using namespace Qt::Literals::StringLiterals;
using std::chrono::nanoseconds;

namespace sandglass::app {

namespace {

nanoseconds read(clockid_t clock)
{
    timespec now = {};
    ::clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

} // namespace

Waking::Waking(ReadClocks clocks, std::chrono::milliseconds every, QObject *parent)
    : QObject(parent), m_clocks(std::move(clocks)), m_last(m_clocks()), m_timer(this)
{
    m_timer.setInterval(every);
    connect(&m_timer, &QTimer::timeout, this, &Waking::look);
}

Waking::Clocks Waking::readClocks()
{
    return {read(CLOCK_MONOTONIC), read(CLOCK_BOOTTIME), read(CLOCK_REALTIME)};
}

void Waking::start(QDBusConnection bus)
{
    if (bus.isConnected())
        bus.connect(u"org.freedesktop.login1"_s, u"/org/freedesktop/login1"_s, u"org.freedesktop.login1.Manager"_s,
                    u"PrepareForSleep"_s, this, SLOT(onPrepareForSleep(bool)));
    m_last = m_clocks();
    m_timer.start();
}

void Waking::onPrepareForSleep(bool isBefore)
{
    if (isBefore) {
        Q_EMIT fallingAsleep();
        return;
    }
    m_last = m_clocks(); // or the same sleep would be found once more
    Q_EMIT woke();
}

void Waking::look()
{
    const Clocks now = m_clocks();
    const nanoseconds slept = (now.boot - m_last.boot) - (now.awake - m_last.awake);
    const nanoseconds jumped = (now.wall - m_last.wall) - (now.boot - m_last.boot);
    m_last = now;
    if (slept >= shortestSleep || jumped >= shortestWallJump)
        Q_EMIT woke();
}

} // namespace sandglass::app
