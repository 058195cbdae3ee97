#pragma once

#include <QElapsedTimer>
#include <QTimer>

#include <chrono>
#include <deque>
#include <memory>

namespace sandglass::models {

class FoldScan;

/// Lets one scan at a time have a slice, one slice in a turn of the event loop. Timers of whole seconds fire together,
/// so that scans would else do their slices in a row. Of the UI thread; shared by the scans there are.
class ScanTurns final
{
public:
    static constexpr std::chrono::milliseconds slice{3};

    [[nodiscard]] static std::shared_ptr<ScanTurns> shared();
    ScanTurns();

    /// Nobody waits, and what was done in this turn of the event loop leaves room for a slice at once.
    [[nodiscard]] bool isFree() const;
    void begin(); ///< a slice
    [[nodiscard]] bool isOver() const { return std::chrono::nanoseconds(m_clock.nsecsElapsed()) >= slice; }
    void end();

    void join(FoldScan &scan); ///< at the end of those that wait
    void leave(FoldScan &scan);

private:
    void next();

    std::deque<FoldScan *> m_waiting;
    QTimer m_timer;
    QElapsedTimer m_clock;
    std::chrono::nanoseconds m_began{}; ///< the slice, by the thread's own time
    std::chrono::nanoseconds m_used{};  ///< in this turn of the event loop, likewise
};

} // namespace sandglass::models
