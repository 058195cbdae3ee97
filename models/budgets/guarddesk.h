#pragma once

#include "models/budgets/guardtypes.h"
#include "models/sandboxes/foldscan.h"
#include "models/sandboxes/sandboxactions.h"
#include "services/core/mailbox.h"
#include "services/core/time.h"
#include "services/lifecycle/fold.h"

#include <QObject>
#include <QThread>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sandglass::lifecycle {
class Tracker;
struct StoredEvent;
} // namespace sandglass::lifecycle

namespace sandglass::models {

class GuardWorker;

/// Budgets, runaway rules and the guard, as the window sees them: takes what the person sets, feeds the worker with
/// sandboxes in slices of some milliseconds, carries its actions out and tells what it reports. Lives on the tracker's
/// thread.
class GuardDesk final : public QObject
{
    Q_OBJECT
public:
    /// Begins when the tracker has replayed. `actions` must outlive this.
    GuardDesk(lifecycle::Tracker &tracker, SandboxActions &actions, GuardFiles files, Clock clock = systemNow,
              QObject *parent = nullptr);
    ~GuardDesk() override; ///< waits for what the worker is writing

    [[nodiscard]] const std::vector<cost::Budget> &budgets() const { return m_config.budgets; }
    [[nodiscard]] const cost::Budget *find(const std::string &id) const;
    /// In place of the one with its id, else at `row` (beyond the end: at the end). Refused with faultOf().
    [[nodiscard]] Result<> setBudget(const cost::Budget &budget, std::size_t row = SIZE_MAX);
    void removeBudget(const std::string &id);
    [[nodiscard]] const RunawayPolicy &runawayPolicy() const { return m_config.runaways; }
    [[nodiscard]] Result<> setRunawayPolicy(const RunawayPolicy &policy);

    [[nodiscard]] const GuardReportPtr &report() const { return m_report; } ///< null before the first
    /// False while the sums are made again for other budgets, prices or a new period.
    [[nodiscard]] bool isCurrent() const { return m_report && m_report->generation == m_generation; }
    [[nodiscard]] const QString &failure() const { return m_failure; } ///< empty: nothing is wrong
    [[nodiscard]] Timestamp now() const { return m_clock(); }

    /// The connection that `actions` go to. Sandboxes of others are left alone.
    void setConnection(const QString &name);
    [[nodiscard]] const QString &connection() const { return m_connection; }
    /// The provider has just listed its sandboxes: until now everything is known.
    void confirmFacts();
    /// What is known may be out of date, whatever webhooks say: no action before confirmFacts().
    void doubtFacts();

    /// Takes planned actions of a cause back, all or that of one sandbox.
    void undo(const std::string &cause, const std::string &sandboxId = {});
    /// Undoes a pause that the guard has done; the audit log gets the answer.
    void resume(const std::string &sandboxId);
    /// What a person had done elsewhere, for the audit log.
    void note(const std::vector<cost::AuditEntry> &entries);
    void evaluateNow();

    static constexpr int resumeSeconds = 15 * 60; ///< timeout of a resumed sandbox

Q_SIGNALS:
    void budgetsChanged();
    void runawayPolicyChanged();
    void reported();
    void alertRaised(const sandglass::models::GuardAlert &alert);
    void auditAdded(const std::vector<sandglass::cost::AuditEntry> &entries); ///< newest first
    void resumeFailed(const QString &sandboxId, const QString &reason);
    void failureChanged();

private:
    void load();
    void saveAndRestart();
    void startScan();
    void beginScan();
    void found(const lifecycle::Sandbox &sandbox);
    void endScan();
    void take(const std::vector<std::string> &changed);
    void learn(const std::vector<lifecycle::StoredEvent> &events);
    void act(quint64 token, bool isKill, const QString &sandboxId, const QString &connection);
    void onDone(SandboxActions::Verb verb, const QString &id, const Result<> &outcome);
    void take(const GuardReportPtr &report);
    void setFailure(const QString &failure);
    template<typename Call>
    void tell(Call &&call); ///< runs it in the worker's thread, in order

    lifecycle::Tracker &m_tracker;
    SandboxActions &m_actions;
    GuardFiles m_files;
    Clock m_clock;
    GuardConfig m_config;
    QString m_connection;
    QString m_failure;
    GuardReportPtr m_report;
    std::map<std::pair<SandboxActions::Verb, QString>, std::vector<quint64>> m_underWay; ///< tokens
    std::set<QString> m_resuming;

    FoldScan m_scan;
    std::vector<lifecycle::Sandbox> m_found; ///< of the scan, not yet handed to the worker
    Timestamp m_earliest{};
    quint64 m_generation = 0;

    Mailbox m_inbox;       ///< what the worker has to say
    GuardWorker *m_worker; ///< lives in m_thread
    QThread m_thread;
};

} // namespace sandglass::models
