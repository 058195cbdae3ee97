#pragma once

#include "services/cost/budgetwatch.h"
#include "services/cost/meter.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/fold.h"

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sandglass::models {

/// What budgets need to know, kept up to date one sandbox at a time: live ones as facts, ended ones as sums per budget.
/// Not thread-safe; asks no clock.
class BudgetLedger final : public cost::BudgetWatch::Source
{
public:
    /// `journal`: the file whose tables hold the sandboxes that are no longer in memory; empty: there are none.
    explicit BudgetLedger(std::filesystem::path journal = {});
    ~BudgetLedger() override;

    /// Forgets all sandboxes. The periods of the sums are those that `now` falls into.
    void begin(std::vector<cost::Budget> budgets, cost::RateCard card, Timestamp now);
    /// The present picture of a sandbox in place of the former.
    void take(const lifecycle::Sandbox &sandbox);
    /// Adds those that are in the journal's tables alone; after all in memory have been taken. Seconds for millions.
    [[nodiscard]] Result<> addCold(const std::atomic<bool> &isStopped);

    /// The provider's list of this connection has named the sandbox: from then on its team tells the connection too.
    void belongs(const std::string &sandboxId, const std::string &connection);
    [[nodiscard]] Json connections() const; ///< for the disk
    void restoreConnections(const Json &state);
    /// Each that a sandbox belongs to, with its connection; empty: not known yet. A thousand at most.
    [[nodiscard]] const std::map<std::string, std::string> &teams() const { return m_teams; }

    /// Until when costs are counted; before each evaluation.
    void setNow(Timestamp now);
    /// When the first of the periods is over and begin() is due.
    [[nodiscard]] Timestamp periodsEnd() const { return m_periodsEnd; }
    /// Sandboxes that ended before it do not matter.
    [[nodiscard]] Timestamp earliest() const { return m_earliest; }

    /// Running and paused; costInPeriod is that of the period asked for last.
    [[nodiscard]] const std::vector<cost::SandboxFacts> &live() const { return m_live; }
    [[nodiscard]] const cost::SandboxFacts *find(const std::string &id) const; ///< null when it is not live
    [[nodiscard]] bool isLive(const std::string &id) const { return m_places.contains(id); }
    [[nodiscard]] const std::vector<cost::SandboxFacts> &sandboxes(const cost::Period &period) override;
    [[nodiscard]] Settled settled(const cost::Budget &budget, const cost::Period &period) override;

private:
    struct Tables;                                               ///< the journal's
    using Shares = std::vector<std::pair<std::size_t, Settled>>; ///< by place of the budget

    [[nodiscard]] cost::SandboxFacts factsOf(const lifecycle::Sandbox &sandbox) const;
    [[nodiscard]] Shares sharesOf(const lifecycle::Sandbox &sandbox) const;
    void learnTeam(const lifecycle::Sandbox &sandbox);
    void add(const Shares &shares, int sign);
    void drop(const std::string &id);
    void takeOutOfCold(const std::string &id);

    std::filesystem::path m_journal;
    std::unique_ptr<Tables> m_tables; ///< once cold ones have been added
    std::vector<cost::Budget> m_budgets;
    std::vector<cost::Period> m_periods; ///< of each budget
    std::vector<Settled> m_sums;         ///< of each budget
    cost::RateCard m_card;
    Timestamp m_now{};
    Timestamp m_earliest{};
    Timestamp m_periodsEnd{};

    std::vector<cost::SandboxFacts> m_live;
    std::vector<std::vector<lifecycle::RunInterval>> m_runs; ///< of each in m_live
    std::unordered_map<std::string, std::size_t> m_places;   ///< in m_live
    std::unordered_map<std::string, Shares> m_ended;
    std::optional<std::pair<cost::Period, Timestamp>> m_priced; ///< what costInPeriod is about

    std::map<std::string, std::string> m_teams;                  ///< team -> connection; empty: not known
    std::unordered_map<std::string, std::string> m_connectionOf; ///< live sandbox -> connection
    std::unordered_map<std::string, std::string> m_teamOf;       ///< live sandbox -> team
};

} // namespace sandglass::models
