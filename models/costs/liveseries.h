#pragma once

#include "services/core/time.h"
#include "services/lifecycle/historygaps.h"

#include <QObject>
#include <QString>
#include <QTimer>

#include <vector>

namespace sandglass::lifecycle {
class Picture;
}

namespace sandglass::models {

class TimeWindow;

/// Cost and active sandboxes over the time window, in equal buckets, for charts. Recomputed at most every second and
/// only while somebody looks. NaN: what was then is not known.
class LiveSeries final : public QObject
{
    Q_OBJECT
public:
    struct Line
    {
        QString name;
        std::vector<double> values; ///< oldest first
    };
    static constexpr int bucketCount = 120;
    static constexpr int maximumLines = 5; ///< dearest templates; the others are summed up as one

    LiveSeries(lifecycle::Picture &picture, TimeWindow &window, QObject *parent = nullptr);

    void setGaps(std::vector<lifecycle::HistoryGap> gaps); ///< buckets wholly within one, without any cost, are NaN
    void setActive(bool active);                           ///< counts: as often off as on

    [[nodiscard]] Timestamp from() const { return m_from; }
    [[nodiscard]] Timestamp to() const { return m_to; }
    [[nodiscard]] Timestamp knownUntil() const { return m_knownUntil; }    ///< a bucket's start: those after it go on
    [[nodiscard]] const std::vector<Line> &cost() const { return m_cost; } ///< dollars per bucket, dearest first
    [[nodiscard]] const std::vector<double> &active() const { return m_active; } ///< most at once per bucket
    [[nodiscard]] bool isEmpty() const;                                          ///< nothing ran in the window

Q_SIGNALS:
    void changed();

private:
    void refresh();
    void blankGaps();

    lifecycle::Picture &m_picture;
    TimeWindow &m_window;
    std::vector<lifecycle::HistoryGap> m_gaps;
    Timestamp m_from{};
    Timestamp m_to{};
    Timestamp m_knownUntil{};
    std::vector<Line> m_cost;
    std::vector<double> m_active;
    QTimer m_ticker;
    int m_lookers = 0;
};

} // namespace sandglass::models
