#pragma once

#include "models/budgets/budgetledger.h"
#include "models/budgets/guardtypes.h"
#include "services/core/mailbox.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <atomic>
#include <set>

namespace sandglass::models {

/// The guard at work: adds up, compares, plans, acts, writes down. All of it in a thread of its own, because each entry
/// of the audit log waits for the disk; GuardDesk is its other half. Everything but stop() is called in that thread.
class GuardWorker final : public QObject
{
    Q_OBJECT
public:
    /// At most one evaluation in this time for changes of sandboxes; what falls due is not held up by it.
    static constexpr std::chrono::milliseconds evaluateEvery{1'000};
    static constexpr std::chrono::milliseconds moneyEvery{2'000}; ///< while something runs: money grows by itself

    GuardWorker(GuardFiles files, Clock clock);

    void open(); ///< reads state and audit log
    /// Another set of budgets, another price or another day: forgets the sandboxes. take() all of them, then finish().
    void begin(quint64 generation, std::vector<cost::Budget> budgets, RunawayPolicy policy, cost::RateCard card);
    void take(const std::vector<lifecycle::Sandbox> &sandboxes);
    void finish();
    void setPolicy(RunawayPolicy policy);
    void saveConfig(const Json &config);
    void belongs(const std::vector<std::string> &sandboxIds, const std::string &connection);
    void confirmFacts(Timestamp time); ///< the provider has named its sandboxes
    void hearOf(Timestamp time);       ///< it tells changes as they come: confirms what was not in doubt
    void doubtFacts();                 ///< until confirmFacts() nothing is acted upon
    void undo(const std::string &cause, const std::string &sandboxId);
    void note(const std::vector<cost::AuditEntry> &entries);
    void takeAnswer(quint64 token, const Result<> &answer);
    void evaluate();
    void close(); ///< keeps what is kept between sessions

    // Any thread:
    void stop() { m_isStopped = true; }                ///< what takes long ends early
    [[nodiscard]] Mailbox &inbox() { return m_inbox; } ///< runs calls in the worker's thread, in their order

Q_SIGNALS:
    void reported(const sandglass::models::GuardReportPtr &report);
    void auditAdded(const std::vector<sandglass::cost::AuditEntry> &entries); ///< newest first
    void rescanWanted();
    void actionWanted(quint64 token, bool isKill, const QString &sandboxId, const QString &connection);
    void failed(const QString &reason);

private:
    void evaluateSoon();
    void orderStops(const cost::BudgetWatch::Round &round);
    void orderRunaways(GuardReport &report);
    void report(GuardReport report);
    void schedule();
    void tellAudit();
    [[nodiscard]] Result<> save();
    [[nodiscard]] bool isStale(Timestamp now) const;

    Mailbox m_inbox{this};
    GuardFiles m_files;
    Clock m_clock;
    cost::AuditLog m_audit;
    BudgetLedger m_ledger;
    cost::BudgetWatch m_watch;
    cost::Guard m_guard;
    RunawayPolicy m_policy;
    std::set<std::string> m_toldRunaways;
    std::vector<cost::AuditEntry> m_freshAudit;
    std::map<quint64, cost::Guard::Answer> m_open; ///< actions without an answer yet
    quint64 m_lastToken = 0;
    quint64 m_generation = 0;
    Timestamp m_factsAt{};
    bool m_isInDoubt = false;
    bool m_isReady = false;
    std::atomic<bool> m_isStopped = false;
    QTimer m_soon;
    QTimer m_next; ///< the first of all that falls due by itself
    QElapsedTimer m_sinceEvaluated;
};

} // namespace sandglass::models
