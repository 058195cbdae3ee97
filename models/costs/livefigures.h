#pragma once

#include "services/core/money.h"
#include "services/core/time.h"

#include <QObject>
#include <QTimer>

#include <optional>
#include <string>
#include <unordered_map>

namespace sandglass::lifecycle {
class Picture;
struct Sandbox;
} // namespace sandglass::lifecycle

namespace sandglass::models {

/// The few figures that stand on the Overview and in the status bar. Told at most twice a second.
class LiveFigures final : public QObject
{
    Q_OBJECT
public:
    explicit LiveFigures(lifecycle::Picture &picture, QObject *parent = nullptr);

    [[nodiscard]] int runningCount() const { return m_running; }
    [[nodiscard]] int pausedCount() const { return m_paused; }
    [[nodiscard]] int allocatedVcpu() const { return m_vcpu; }
    [[nodiscard]] int allocatedMib() const { return m_mib; }
    [[nodiscard]] Money burnRate() const { return m_burnRate; }
    [[nodiscard]] Money costToday() const { return m_today; } ///< since midnight, local time
    [[nodiscard]] int eventsPerMinute() const { return m_eventsPerMinute; }
    [[nodiscard]] std::optional<Timestamp> lastEventAt() const { return m_lastEvent; }
    [[nodiscard]] std::int64_t journalCount() const; ///< events

Q_SIGNALS:
    void changed();

private:
    void markDirty();
    void refresh();
    void countAll();
    void count(const lifecycle::Sandbox &sandbox);
    struct Share ///< of one live sandbox in the figures
    {
        bool isRunning = false; ///< else paused
        int vcpu = 0;
        int mib = 0;
    };
    void add(const Share &share, int sign);

    lifecycle::Picture &m_picture;
    QTimer m_soon;   ///< after news
    QTimer m_ticker; ///< money runs without news
    std::unordered_map<std::string, Share> m_live;
    int m_running = 0;
    int m_paused = 0;
    int m_vcpu = 0;
    int m_mib = 0;
    Money m_burnRate;
    Money m_today;
    int m_eventsPerMinute = 0;
    std::optional<Timestamp> m_lastEvent;
};

/// Midnight of `now`'s day in the local time zone.
[[nodiscard]] Timestamp startOfLocalDay(Timestamp now);

} // namespace sandglass::models
