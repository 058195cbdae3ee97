#pragma once

#include "services/cost/auditlog.h"
#include "services/cost/budgetwatch.h"
#include "services/cost/guard.h"
#include "services/cost/runaway.h"

#include <QMetaType>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sandglass::models {

/// What happens to sandboxes that run longer than somebody meant them to.
struct RunawayPolicy
{
    enum class Response : std::uint8_t { Off, Notify, Pause, Kill };
    cost::RunawayRules rules;
    Response response = Response::Notify;
    bool isDryRun = true;
    std::chrono::seconds grace{60};   ///< 0 s to 24 h
    std::vector<cost::Scope> allowed; ///< listed, but never acted upon
};

/// Empty, or the first thing that makes no sense, in words for the form.
[[nodiscard]] std::string faultOf(const RunawayPolicy &policy);

/// What the person has set, as it is kept on disk.
struct GuardConfig
{
    std::vector<cost::Budget> budgets;
    RunawayPolicy runaways;
};
[[nodiscard]] Json toJson(const GuardConfig &config);
/// Null: the defaults. Error (Decode): something that makes no sense, with its name.
[[nodiscard]] Result<GuardConfig> guardConfigFromJson(const Json &value);

struct GuardFiles
{
    std::filesystem::path config; ///< budgets and runaway rules
    std::filesystem::path state;  ///< what has been told, planned and done
    std::filesystem::path audit;
    std::filesystem::path journal; ///< read only, for sandboxes that ended a while ago; may be empty
};

/// Something to tell at once.
struct GuardAlert
{
    enum class Kind : std::uint8_t { Threshold, Runaway };
    Kind kind = Kind::Threshold;
    cost::BudgetAlert budget;           ///< of Threshold
    std::string budgetName;             ///< likewise
    std::vector<std::string> sandboxes; ///< of Runaway
};

/// One evaluation.
struct GuardReport
{
    static constexpr std::size_t mostListed = 500; ///< planned actions and runaways; the counts tell all
    Timestamp at{};
    quint64 generation = 0; ///< of budgets, prices and periods
    std::vector<cost::BudgetUsage> usages;
    std::vector<cost::PlannedAction> planned;
    std::size_t plannedCount = 0;
    std::vector<cost::Runaway> runaways; ///< the longest first
    std::size_t runawayCount = 0;
    std::map<std::string, std::string> teams; ///< each that has been seen -> its connection; empty: not known
    bool isStale = false;                     ///< nobody has heard of the sandboxes for a while: nothing is acted upon
    std::vector<GuardAlert> alerts;
};
using GuardReportPtr = std::shared_ptr<const GuardReport>;

inline constexpr const char *runawayCause = "runaway";
[[nodiscard]] std::string causeOf(const cost::Budget &budget, const cost::Period &period);

} // namespace sandglass::models

Q_DECLARE_METATYPE(sandglass::models::GuardReportPtr)
Q_DECLARE_METATYPE(std::vector<sandglass::cost::AuditEntry>)
