#pragma once

#include "services/core/error.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/ledger.h"
#include "services/lifecycle/picture.h"

#include <QElapsedTimer>
#include <QTimer>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace sandglass::lifecycle {

/// The live picture on the UI thread: live sandboxes and those that ended last from the journal's tables (older ones
/// stay there, and cost what their rollups say), then the journal's events, replayed and new, go through one fold;
/// changes come out in batches of at most one per 50 ms, and no piece of work holds the thread for much more than 4 ms.
/// It takes the journal's listener. What it keeps waiting is bounded: what does not fit is read from the journal again.
class Tracker final : public Picture
{
    Q_OBJECT
public:
    Tracker(Journal &journal, cost::RateCard card, Clock clock = systemNow, QObject *parent = nullptr);
    ~Tracker() override;

    /// Starts the replay in a worker; live events that arrive meanwhile are kept and applied after it. Once.
    void start();
    void setRateCard(cost::RateCard card);

    [[nodiscard]] bool isReplayed() const override { return m_replayed; }
    [[nodiscard]] Timestamp now() const override { return m_clock(); }
    [[nodiscard]] int eventsWithin(std::chrono::milliseconds window) const override;
    [[nodiscard]] std::int64_t eventCount() const override { return m_journal.count(); }
    [[nodiscard]] Result<std::vector<StoredEvent>> newestEvents(std::size_t limit) const override;
    [[nodiscard]] const Ledger &ledger() const override { return m_ledger; }

Q_SIGNALS:
    /// The journal could not be read; `replayed` follows with what there is.
    void replayFailed(const sandglass::Error &error);

private:
    struct Start; ///< what the worker has loaded
    struct Inbox; ///< shared with the journal's writer thread and the replay worker

    Q_INVOKABLE void look(); ///< something is in the inbox

    void startWorker();
    void takeSlice();
    void adopt(Start start);
    void apply(StoredEvent &&stored);
    void settle();
    [[nodiscard]] bool takeFromHistory(const std::string &sandboxId);
    void countEvent(Timestamp time);
    void finishReplay(const std::optional<Error> &error);
    void publish();
    void schedule(int delayMs);

    Journal &m_journal;
    Clock m_clock;
    Ledger m_ledger;
    bool m_replayed = false;
    std::int64_t m_appliedSeq = 0;

    std::shared_ptr<Inbox> m_inbox;
    std::thread m_worker;
    std::deque<std::vector<StoredEvent>> m_taken; ///< out of the inbox, not yet applied; none of them empty
    std::size_t m_nextTaken = 0;                  ///< in the first of them
    std::vector<StoredEvent> m_recorded;          ///< applied, not yet told
    std::unordered_set<std::string> m_unsettled;  ///< of the present slice: in the fold, not yet in state and cost
    std::unordered_set<std::string> m_changed;    ///< not yet told
    QTimer m_timer;
    QElapsedTimer m_sincePublished;
    QElapsedTimer m_sinceSlice;

    struct Tenth
    {
        std::int64_t number = -1; ///< tenths of a second since the epoch
        int count = 0;
    };
    std::vector<Tenth> m_tenths; ///< ring of one hour
};

} // namespace sandglass::lifecycle
