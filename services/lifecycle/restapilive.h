#pragma once

#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/fold.h"

#include <QObject>
#include <QTimer>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandglass::lifecycle {

class Tracker;
struct StoredEvent;

/// The fold's picture at one moment, shared between threads.
struct LiveSnapshot
{
    Timestamp at{};
    std::uint64_t created = 0; ///< sandboxes known at all
    std::uint64_t ended = 0;   ///< killed or lost
    std::uint64_t peak = 0;    ///< most running at once: in the 24 h before the first question, and since
    std::shared_ptr<const std::map<std::string, std::uint64_t>> byTemplate; ///< sandboxes known; "" = not told
    /// Events recorded since the start whose type this version does not know, by type; the rarer ones as "other".
    std::map<std::string, std::uint64_t> unknownEvents;
    std::vector<std::shared_ptr<const Sandbox>> running;
    std::vector<std::shared_ptr<const Sandbox>> paused;
    std::shared_ptr<const cost::RateCard> card;
};

/// Answers questions about the live picture. The answers are called on the picture's thread and must only hand the
/// value on; a null pointer means that the picture is gone.
class LivePicture
{
public:
    virtual ~LivePicture() = default;
    LivePicture(const LivePicture &) = delete;
    LivePicture &operator=(const LivePicture &) = delete;

    using SnapshotAnswer = std::function<void(std::shared_ptr<const LiveSnapshot>)>;
    struct SandboxReport
    {
        Timestamp at{};
        std::shared_ptr<const Sandbox> sandbox; ///< null = not known
        std::shared_ptr<const cost::RateCard> card;
    };
    using SandboxAnswer = std::function<void(std::shared_ptr<const SandboxReport>)>;

    /// Any thread. False when too many questions wait, or the picture is gone: nothing will be called.
    [[nodiscard]] virtual bool askSnapshot(SnapshotAnswer answer) = 0;
    [[nodiscard]] virtual bool askSandbox(std::string id, SandboxAnswer answer) = 0;

protected:
    LivePicture() = default;
};

/// The picture of a Tracker, in its thread. Costs nothing until the first question; then it looks through the fold in
/// slices of 4 ms, and follows the changes. One snapshot serves all questions of 200 ms, so that the number of
/// questions is no load to that thread.
class TrackerPicture final : public QObject
{
    Q_OBJECT
public:
    explicit TrackerPicture(const Tracker &tracker, QObject *parent = nullptr);
    ~TrackerPicture() override; ///< before the tracker; answers what waits

    [[nodiscard]] std::shared_ptr<LivePicture> picture() const;

private:
    class Inbox;

    Q_INVOKABLE void look(); ///< something is in the inbox
    void scan();
    void update(const std::vector<std::string> &ids);
    void take(const Sandbox &sandbox);
    void countUnknown(const std::vector<StoredEvent> &events);
    void answerWaiting();
    [[nodiscard]] std::shared_ptr<const LiveSnapshot> snapshot();
    [[nodiscard]] std::uint32_t templateIndex(const std::string &name);

    /// What has been counted of one sandbox.
    struct Counted
    {
        std::uint32_t templateIndex = 0;
        bool isEnded = false;
    };

    const Tracker &m_tracker;
    std::shared_ptr<Inbox> m_inbox;
    QTimer m_scanTimer;
    enum class Stage { Idle, Scanning, Following } m_stage = Stage::Idle;
    std::size_t m_nextBucket = 0;
    std::size_t m_bucketCount = 0; ///< of the scan: it starts again when the table has grown

    std::unordered_map<std::uint64_t, Counted> m_counted; ///< by hash of the id: ended sandboxes are many
    std::unordered_map<std::string, std::shared_ptr<const Sandbox>> m_live;
    std::vector<std::string> m_templateNames;
    std::vector<std::uint64_t> m_templateCounts;
    std::unordered_map<std::string, std::uint32_t> m_templateIndices;
    std::map<std::string, std::uint64_t> m_unknownEvents;
    std::uint64_t m_ended = 0;
    std::uint64_t m_running = 0;
    std::uint64_t m_peak = 0;

    std::shared_ptr<const std::map<std::string, std::uint64_t>> m_byTemplate; ///< null = to be made anew
    std::shared_ptr<const cost::RateCard> m_card;
    std::shared_ptr<const LiveSnapshot> m_snapshot;
    std::chrono::steady_clock::time_point m_snapshotMade{};
};

} // namespace sandglass::lifecycle
