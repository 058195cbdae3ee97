#pragma once

#include <QDBusConnection>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <functional>

namespace sandglass::app {

/// Notices that the system has slept. logind says it on the system bus; without it, or where the machine was stopped
/// from outside, the clocks show it: the one that stands still in sleep falls behind the others.
class Waking final : public QObject
{
    Q_OBJECT
public:
    /// Since moments of their own.
    struct Clocks
    {
        std::chrono::nanoseconds awake; ///< stands still in sleep
        std::chrono::nanoseconds boot;  ///< goes on in sleep
        std::chrono::nanoseconds wall;
    };
    using ReadClocks = std::function<Clocks()>;
    static constexpr std::chrono::milliseconds interval{5'000}; ///< of looking at the clocks
    static constexpr std::chrono::seconds shortestSleep{2};     ///< by the clock that goes on
    static constexpr std::chrono::seconds shortestWallJump{30}; ///< a clock that is set by less means nothing

    explicit Waking(ReadClocks clocks = readClocks, std::chrono::milliseconds every = interval,
                    QObject *parent = nullptr);

    /// `bus`: the system's; one that is not connected leaves the clocks.
    void start(QDBusConnection bus = QDBusConnection::systemBus());
    [[nodiscard]] static Clocks readClocks();

Q_SIGNALS:
    void fallingAsleep(); ///< by logind alone
    void woke();

private Q_SLOTS:
    void onPrepareForSleep(bool isBefore);

private:
    void look();

    ReadClocks m_clocks;
    Clocks m_last;
    QTimer m_timer;
};

} // namespace sandglass::app
