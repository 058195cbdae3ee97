#pragma once

#include "models/sandboxes/foldscan.h"
#include "services/core/time.h"
#include "services/lifecycle/fold.h"

#include <QObject>
#include <QString>
#include <QTimer>

#include <vector>

namespace sandglass::lifecycle {
class Picture;
}

namespace sandglass::models {

class TimeWindow;

/// Lanes of the lifecycle timeline: one per sandbox that lived within the time window, the latest start first. Brought
/// up to date at most every second and only while somebody looks.
class TimelineModel final : public QObject
{
    Q_OBJECT
public:
    /// A stretch of running, or of being paused between two of them.
    struct Segment
    {
        Timestamp from{};
        Timestamp to{};
        bool isRunning = true;
        bool isOpen = false; ///< goes on now; `to` is the time of the last refresh
        friend bool operator==(const Segment &, const Segment &) = default;
    };
    struct Lane
    {
        QString sandboxId;
        QString templateName;
        lifecycle::SandboxState state = lifecycle::SandboxState::Unknown;
        QString killReason;
        std::vector<Segment> segments; ///< in order of time, not empty
        friend bool operator==(const Lane &, const Lane &) = default;
    };
    static constexpr std::size_t capacity = 20'000; ///< lanes; leftOut() counts the rest

    TimelineModel(lifecycle::Picture &picture, TimeWindow &window, QObject *parent = nullptr);

    void setActive(bool active);
    [[nodiscard]] const std::vector<Lane> &lanes() const { return m_lanes; }
    [[nodiscard]] int leftOut() const { return m_leftOut; }
    [[nodiscard]] Timestamp from() const { return m_from; }
    [[nodiscard]] Timestamp to() const { return m_to; }
    [[nodiscard]] bool isCurrent() const { return m_isCurrent; } ///< lanes() are those of the window asked for
    /// Index of the sandbox's lane; -1 when it has none.
    [[nodiscard]] int laneOf(const QString &sandboxId) const;

Q_SIGNALS:
    void changed();

private:
    void refresh(); ///< in slices: see FoldScan
    void add(const lifecycle::Sandbox &sandbox);
    void publish();

    lifecycle::Picture &m_picture;
    TimeWindow &m_window;
    QTimer m_ticker;
    std::vector<Lane> m_lanes;
    int m_leftOut = 0;
    bool m_isCurrent = false;
    Timestamp m_from{};
    Timestamp m_to{};

    // Of a scan under way
    FoldScan m_scan;
    Timestamp m_scanFrom{};
    Timestamp m_scanTo{};
    std::vector<Lane> m_found;
};

} // namespace sandglass::models
