#pragma once

#include "services/core/mailbox.h"
#include "services/core/result.h"
#include "services/core/time.h"
#include "services/core/workthread.h"
#include "services/lifecycle/createintents.h"

#include <QFuture>
#include <QObject>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// Every create call of this program: its intent is on disk before it is sent, and closed by the answer or, when that
/// got lost, by what the provider's list says. The disk is waited for in a thread of its own; all calls and signals are
/// the owner's thread's.
class CreateLedger final : public QObject
{
    Q_OBJECT
public:
    /// Keeps its files in `folder`. Where that cannot be written the installation's id lasts for this run alone, and
    /// begin() refuses.
    explicit CreateLedger(const std::filesystem::path &folder, Clock clock = systemNow, QObject *parent = nullptr);
    ~CreateLedger() override; ///< waits for what is being written

    /// By which this installation knows its sandboxes again.
    [[nodiscard]] const std::string &installation() const { return m_installation; }
    /// The intent of one create call, once it is on disk. Errors as CreateIntents::begin().
    [[nodiscard]] QFuture<Result<CreateIntent>> begin(const std::string &connection, const std::string &templateId);
    /// For the metadata of the call.
    [[nodiscard]] std::map<std::string, std::string> marksOf(const CreateIntent &intent) const;
    /// What came of the call: a sandbox's id, or why not. Refused (4xx) it is over; any other error may hide a sandbox
    /// that was made all the same, so the intent stays open for the next list.
    void settle(const CreateIntent &intent, const Result<std::string> &answer);
    /// Made in this run of the program, and answered.
    [[nodiscard]] bool hasMade(const std::string &sandboxId) const { return m_made.contains(sandboxId); }

    /// Closes open calls of `connection` by its whole list; resolved() tells of each. Those whose answer is still
    /// awaited are left alone.
    void takeList(const std::string &connection, const std::vector<ObservedSandbox> &list);

    static constexpr std::chrono::hours longestOpen{30 * 24}; ///< of a connection that nobody lists any more
    static constexpr std::size_t mostMade = 10'000;           ///< remembered

Q_SIGNALS:
    /// Created or NothingCreated.
    void resolved(const std::vector<sandglass::lifecycle::IntentOutcome> &outcomes);

private:
    void close(std::vector<std::string> ids);
    void takeOutcomes(std::vector<IntentOutcome> outcomes);

    Clock m_clock;
    std::string m_installation;
    CreateIntents m_intents;         ///< after the constructor: in m_disk's thread
    std::set<std::string> m_awaited; ///< intents whose answer has not come
    std::set<std::string> m_made;    ///< sandboxes
    bool m_isResolving = false;
    Mailbox m_inbox;   ///< answers of the disk
    WorkThread m_disk; ///< last: does its work before the rest goes
};

} // namespace sandglass::lifecycle
