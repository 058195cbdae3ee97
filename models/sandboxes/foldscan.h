#pragma once

#include <QObject>

#include <cstddef>
#include <functional>
#include <memory>

namespace sandglass::lifecycle {
class Picture;
struct Sandbox;
} // namespace sandglass::lifecycle

namespace sandglass::models {

class ScanTurns;

/// Visits all sandboxes in slices of a few milliseconds, so that ten thousands of them do not hold the UI thread; of
/// all scans together one slice in a turn of the event loop.
/// Those that change in between are seen in their old or their new state, each once. Lives on the picture's
/// thread.
class FoldScan final : public QObject
{
    Q_OBJECT
public:
    struct Steps
    {
        std::function<void()> begin; ///< also when it has to start over: forget what was seen
        std::function<void(const lifecycle::Sandbox &)> visit;
        std::function<void()> end;
    };
    FoldScan(const lifecycle::Picture &picture, Steps steps, QObject *parent = nullptr);
    ~FoldScan() override;

    /// The first slice is done when it returns, and with it all of a few hundred sandboxes, unless others are at it.
    /// While a scan is under way it is finished first, and another one follows.
    void start();
    void cancel();
    void goOn(); ///< for ScanTurns: the next slice

private:
    void beginAnew();
    void wait();

    const lifecycle::Picture &m_picture;
    Steps m_steps;
    std::shared_ptr<ScanTurns> m_turns;
    bool m_isUnderWay = false; ///< and waits for its turn
    bool m_isAskedAgain = false;
    std::size_t m_bucket = 0;      ///< of the fold's hash table
    std::size_t m_bucketCount = 0; ///< another number: all have moved
};

} // namespace sandglass::models
