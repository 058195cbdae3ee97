#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/cost/auditlog.h"
#include "services/cost/budget.h"
#include "services/cost/sandboxfacts.h"

#include <functional>
#include <map>
#include <memory>
#include <set>

namespace sandglass::cost {

/// Why the guard wants to act: one alert, one set of sandboxes.
struct GuardOrder
{
    std::string
        cause; ///< "budget b1 2026-08-20", "runaway": acts once per sandbox and cause, and once more after a dry run
    std::string why; ///< in words, for notice and audit
    Budget::Action action = Budget::Action::Notify;
    bool isDryRun = true;
    std::chrono::seconds grace{60};
    std::vector<std::string> sandboxes;
};

/// A pause or kill that comes when its grace is over, unless somebody undoes it.
struct PlannedAction
{
    std::string cause;
    std::string why;
    std::string sandboxId;
    Budget::Action action = Budget::Action::Pause;
    Timestamp dueAt{};
    int failures = 0; ///< tries before this one that may succeed later
    friend bool operator==(const PlannedAction &, const PlannedAction &) = default;
};

/// The hand on the brake. Turns orders into actions after their grace, never twice for one sandbox and cause, never on
/// stale facts, never on what is allow-listed, never on a sandbox that does not run any more; everything it did, would
/// have done or was told to leave is in the audit log. One thread; the owner calls tick() at nextDue().
class Guard final
{
public:
    using Answer = std::function<void(Result<>)>;
    /// Pauses or kills; calls back once, at any later time, in the same thread.
    using Execute = std::function<void(Budget::Action, const std::string &sandboxId, Answer)>;
    /// Puts state() on disk before it returns; called after every change and before each action goes out, so that a
    /// crash in the middle cannot lead to a second one. A failure is noted in the audit log and does not stop the
    /// brake.
    using Save = std::function<Result<>(const Json &)>;
    static constexpr int mostTries = 5;                   ///< of an action whose answer says that it may succeed later
    static constexpr std::chrono::seconds retryAfter{15}; ///< times the number of failures
    static constexpr std::chrono::seconds freshFor{60};   ///< older facts are stale: nothing is done, it is tried again

    Guard(AuditLog &audit, Clock clock, Execute execute);

    void setSave(Save save) { m_save = std::move(save); }
    void setAllowList(std::vector<Scope> allowed) { m_allowed = std::move(allowed); }
    /// Plans what is new in the order; a dry run and Notify plan nothing. Facts give template and metadata.
    void order(const GuardOrder &order, const std::vector<SandboxFacts> &facts);
    /// Takes planned actions of a cause back, all or that of one sandbox. Returns how many.
    int undo(const std::string &cause, const std::string &sandboxId = {});
    /// Does what is due, and lets go of plans for what has ended by itself. `factsAt`: when `facts` were true.
    void tick(const std::vector<SandboxFacts> &facts, Timestamp factsAt);

    [[nodiscard]] const std::vector<PlannedAction> &planned() const { return m_planned; } ///< soonest first
    [[nodiscard]] std::optional<Timestamp> nextDue() const;

    /// Plans and what has been done, for the disk; an action that was under way counts as done.
    [[nodiscard]] Json state() const;
    void restore(const Json &state);

private:
    void note(const char *who, std::string verb, const std::string &target, const std::string &why, std::string answer);
    void forgetOld(Timestamp now);
    void act(const PlannedAction &action);
    void takeAnswer(PlannedAction action, const Result<> &answer);
    void save();
    [[nodiscard]] bool isAllowed(const SandboxFacts &sandbox) const;
    [[nodiscard]] static std::string keyOf(const std::string &cause, const std::string &sandboxId);

    AuditLog &m_audit;
    Clock m_clock;
    Execute m_execute;
    Save m_save;
    std::vector<Scope> m_allowed;
    std::vector<PlannedAction> m_planned;
    std::map<std::string, Timestamp> m_handled;                        ///< cause and sandbox -> when; see forgetOld()
    std::shared_ptr<Guard *> m_self = std::make_shared<Guard *>(this); ///< answers may come after the end
};

[[nodiscard]] const char *nameOf(Budget::Action action); ///< "notify", "pause", "kill"

} // namespace sandglass::cost
