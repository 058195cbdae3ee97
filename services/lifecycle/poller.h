#pragma once

#include "services/core/result.h"
#include "services/core/time.h"

#include <QFuture>
#include <QFutureWatcher>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandglass::lifecycle {

class Journal;
class Tracker;
struct Event;
struct Sandbox;

/// A row of the provider's list, as far as the fold needs it.
struct ObservedSandbox
{
    std::string sandboxId;
    std::string templateId;
    std::string templateAlias;
    std::string state;                  ///< "running" or "paused"; others are passed over
    std::optional<Timestamp> startedAt; ///< of the present run
    std::optional<Timestamp> endAt;     ///< planned
    int cpuCount = 0;                   ///< 0 = not told
    int memoryMb = 0;
    std::map<std::string, std::string> metadata;
};

struct PollerOptions
{
    std::chrono::milliseconds interval{15'000}; ///< where no webhook arrives; 2 s suits the local engine
    /// While webhooks arrive: they tell of changes, the list only of what they missed. 0 = always `interval`.
    std::chrono::milliseconds relaxedInterval{0};
    std::chrono::milliseconds webhookMemory{5 * 60'000};   ///< how long one webhook shows that they arrive
    std::chrono::milliseconds longestInterval{5 * 60'000}; ///< after failures each wait is twice the one before
    /// Which sandboxes of the fold belong to this list, so that those missing from it are lost. Without it:
    /// those that this poller has seen in the list.
    std::function<bool(const Sandbox &)> isOurs;
    Clock clock = systemNow;
};

/// Fills the gaps of the webhooks: asks for the list of sandboxes and appends to the journal, as events of
/// our own, what the fold does not know yet (a sandbox, its state, planned end, size, readable name). A
/// sandbox that is missing in two successive lists without a killed event becomes lost. A failed poll changes
/// nothing. The ids of these events follow from their content, so that the same news twice is a duplicate.
/// Lives on the tracker's thread.
class Poller final : public QObject
{
    Q_OBJECT
public:
    using List = std::vector<ObservedSandbox>;
    using Lister = std::function<QFuture<Result<List>>()>;

    Poller(Journal &journal, const Tracker &tracker, Lister lister, PollerOptions options = {},
           QObject *parent = nullptr);
    ~Poller() override;

    void start();   ///< polls at once (or as soon as the tracker has replayed), then every interval
    void stop();    ///< an answer still under way is dropped
    void pollNow(); ///< nothing when a poll is under way or the replay is not over
    /// Until the next poll, when nothing asks for one sooner. After 401 or 403: longestInterval at once, as no poll
    /// will succeed before somebody changes the key; start() polls at once.
    [[nodiscard]] std::chrono::milliseconds currentInterval() const;

Q_SIGNALS:
    /// The whole list of a poll, before what is news in it has reached the fold. polled() follows.
    void listed(const std::vector<sandglass::lifecycle::ObservedSandbox> &list);
    void polled(int sandboxCount);
    void failed(const sandglass::Error &error);

private:
    struct Missing
    {
        int polls = 0;
        Timestamp since{};
    };

    void finish();
    void fail(const Error &error);
    void take(const List &list);
    [[nodiscard]] std::optional<Event> newsOf(const ObservedSandbox &observed) const;
    void findLost(const List &list);
    [[nodiscard]] bool isOverWhenMissing(const std::string &id, Missing &missing);
    void append(Event event);

    Journal &m_journal;
    const Tracker &m_tracker;
    Lister m_lister;
    PollerOptions m_options;
    QTimer m_timer;
    std::unique_ptr<QFutureWatcher<Result<List>>> m_running;
    Timestamp m_askedAt{};
    std::optional<Timestamp> m_lastWebhook; ///< by its receipt
    int m_failures = 0;
    bool m_isRefused = false;
    std::unordered_map<std::string, Missing> m_seen; ///< in the list before, and live by the fold
};

} // namespace sandglass::lifecycle
