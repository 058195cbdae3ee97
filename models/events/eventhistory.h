#pragma once

#include "services/core/mailbox.h"
#include "services/core/workthread.h"
#include "services/lifecycle/eventscan.h"

#include <QObject>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace sandglass::models {

/// Reads older events for a table, in a thread that starts with the first question. Of several questions the newest
/// alone is answered; the one before is broken off. Lives on the UI thread.
class EventHistory final : public QObject
{
    Q_OBJECT
public:
    explicit EventHistory(std::filesystem::path journal, QObject *parent = nullptr);
    ~EventHistory() override; ///< breaks off what is being read, and waits for that

    struct Batch
    {
        std::vector<lifecycle::StoredEvent> events; ///< some hundred at most, newest first, after those of the last one
        std::int64_t looked = 0;                    ///< events seen since the question
        std::int64_t reached = 0;                   ///< seq of the last one of them
        bool isAtEnd = false;                       ///< the first event of the journal has been seen
        bool isLast = false;                        ///< no other batch follows
        std::optional<Error> error;
    };
    /// The first batch comes with the first event that is found, others every 50 ms; all of them on the UI thread.
    /// Ends after `most` events, one at least. The journal's name is filled in.
    void ask(lifecycle::EventScan scan, std::size_t most, std::function<void(const Batch &)> take);
    void drop();

private:
    Mailbox m_inbox;
    std::filesystem::path m_journal;
    std::shared_ptr<std::atomic<bool>> m_isDropped; ///< of the newest question
    std::unique_ptr<WorkThread> m_thread;
};

} // namespace sandglass::models
