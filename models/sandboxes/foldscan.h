#pragma once

#include <QObject>
#include <QTimer>

#include <cstddef>
#include <functional>

namespace sandglass::lifecycle {
class Picture;
struct Sandbox;
} // namespace sandglass::lifecycle

namespace sandglass::models {

/// Visits all sandboxes in slices of a few milliseconds, so that ten thousands of them do not hold the UI thread.
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

    /// The first slice is done when it returns, and with it all of a few hundred sandboxes. While a scan is under way
    /// it is finished first, and another one follows.
    void start();
    void cancel();

private:
    void beginAnew();
    void slice();

    const lifecycle::Picture &m_picture;
    Steps m_steps;
    QTimer m_next;
    bool m_isAskedAgain = false;
    std::size_t m_bucket = 0;      ///< of the fold's hash table
    std::size_t m_bucketCount = 0; ///< another number: all have moved
};

} // namespace sandglass::models
