#pragma once

#include "services/core/mailbox.h"
#include "services/core/workthread.h"
#include "services/lifecycle/coldusage.h"

#include <QObject>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sandglass::models {

/// What sandboxes of long ago have cost, read from the journal in a thread that starts with the first question. Of an
/// asker's questions the newest alone is answered. Lives on the UI thread.
class ColdCosts final : public QObject
{
    Q_OBJECT
public:
    explicit ColdCosts(std::filesystem::path journal, QObject *parent = nullptr);
    ~ColdCosts() override; ///< breaks off what is being read, and waits for that

    using Answered = std::function<void(const Result<lifecycle::ColdUsage::Answer> &)>;
    using KeysAnswered = std::function<void(const std::vector<std::string> &)>; ///< empty also for a journal unread
    /// The answer comes in a later turn of the event loop, unless the asker is gone by then.
    void ask(QObject *asker, lifecycle::ColdUsage::Question question, Answered answered);
    void askKeys(QObject *asker, std::size_t limit, KeysAnswered answered);

private:
    struct Desk; ///< the thread's own
    using Flag = std::shared_ptr<std::atomic<bool>>;
    [[nodiscard]] WorkThread &thread();

    Mailbox m_inbox;
    std::shared_ptr<Desk> m_desk;
    std::map<const QObject *, Flag> m_dropped; ///< of each asker's newest question
    std::unique_ptr<WorkThread> m_thread;
};

} // namespace sandglass::models
