#include "services/cost/budget.h"

#include <algorithm>
#include <array>
#include <set>

namespace sandglass::cost {

namespace {

constexpr int highestThreshold = 1'000; // percent
constexpr std::size_t mostThresholds = 20;
constexpr std::size_t mostBudgets = 1'000;
constexpr std::size_t mostAllowed = 200;
constexpr std::chrono::hours longestGrace{24};

template<typename Value, std::size_t count>
using Names = std::array<std::pair<Value, const char *>, count>;

constexpr Names<Budget::Measure, 4> measures = {{{Budget::Measure::Money, "money"},
                                                 {Budget::Measure::Created, "created"},
                                                 {Budget::Measure::Concurrent, "concurrent"},
                                                 {Budget::Measure::Age, "age"}}};
constexpr Names<Budget::Action, 3> actions = {
    {{Budget::Action::Notify, "notify"}, {Budget::Action::Pause, "pause"}, {Budget::Action::Kill, "kill"}}};
constexpr Names<PeriodKind, 3> periods = {
    {{PeriodKind::Day, "day"}, {PeriodKind::Week, "week"}, {PeriodKind::Month, "month"}}};
constexpr Names<Scope::Kind, 5> scopes = {{{Scope::Kind::All, "all"},
                                           {Scope::Kind::Template, "template"},
                                           {Scope::Kind::Metadata, "metadata"},
                                           {Scope::Kind::Connection, "connection"},
                                           {Scope::Kind::Team, "team"}}};

template<typename Value, std::size_t count>
const char *nameIn(const Names<Value, count> &names, Value value)
{
    return std::ranges::find(names, value, &std::pair<Value, const char *>::first)->second;
}

/// Empty when the name is none of them.
template<typename Value, std::size_t count>
std::optional<Value> valueIn(const Names<Value, count> &names, const std::string &name)
{
    for (const auto &[value, known] : names) {
        if (name == known)
            return value;
    }
    return {};
}

std::string faultOfThresholds(const std::vector<int> &thresholds)
{
    if (thresholds.empty() || thresholds.size() > mostThresholds)
        return "give one to " + std::to_string(mostThresholds) + " thresholds";
    if (std::ranges::any_of(thresholds, [](int percent) { return percent < 1 || percent > highestThreshold; }))
        return "thresholds are percents from 1 to " + std::to_string(highestThreshold);
    if (std::ranges::adjacent_find(thresholds, std::greater_equal{}) != thresholds.end())
        return "thresholds must rise";
    return {};
}

std::string faultOfScope(const Scope &scope)
{
    if (scope.kind == Scope::Kind::Metadata && scope.key.empty())
        return "say which metadata key is meant";
    if (scope.kind != Scope::Kind::All && scope.kind != Scope::Kind::Metadata && scope.value.empty())
        return "say which template, connection or team is meant";
    return {};
}

Json scopeToJson(const Scope &scope)
{
    return {{"kind", nameIn(scopes, scope.kind)}, {"key", scope.key}, {"value", scope.value}};
}

std::optional<Scope> scopeFromJson(const Json &object)
{
    const auto kind = valueIn(scopes, stringOr(object, "kind"));
    if (!kind)
        return {};
    return Scope{*kind, stringOr(object, "key"), stringOr(object, "value")};
}

/// Each reader below answers whether the member makes sense.
bool readKinds(const Json &object, Budget &budget, const char *&wrong)
{
    const auto measure = valueIn(measures, stringOr(object, wrong = "measure"));
    if (!measure)
        return false;
    const auto period = valueIn(periods, stringOr(object, wrong = "period"));
    if (!period)
        return false;
    const auto action = valueIn(actions, stringOr(object, wrong = "action"));
    if (!action)
        return false;
    budget.measure = *measure;
    budget.period = *period;
    budget.action = *action;
    return true;
}

bool readScopes(const Json &object, Budget &budget, const char *&wrong)
{
    const auto scope = scopeFromJson(memberOr(object, wrong = "scope"));
    if (!scope)
        return false;
    budget.scope = *scope;
    const Json &allowed = memberOr(object, wrong = "allowed");
    if (allowed.is_null())
        return true;
    if (!allowed.is_array() || allowed.size() > mostAllowed)
        return false;
    for (const Json &entry : allowed) {
        auto allow = scopeFromJson(entry);
        if (!allow)
            return false;
        budget.allowed.push_back(std::move(*allow));
    }
    return true;
}

bool readLimit(const Json &object, Budget &budget)
{
    const std::string limit = stringOr(object, "limit");
    if (budget.measure == Budget::Measure::Money) {
        const auto money = Money::parse(limit);
        budget.moneyLimit = money.value_or(Money{});
        return money.has_value();
    }
    if (limit.empty() || limit.size() > 9 || limit.find_first_not_of("0123456789") != std::string::npos)
        return false;
    budget.countLimit = std::stoll(limit);
    return true;
}

bool readThresholds(const Json &object, Budget &budget)
{
    const Json &thresholds = memberOr(object, "thresholds");
    if (!thresholds.is_array() || thresholds.size() > mostThresholds)
        return false;
    budget.thresholds.clear();
    for (const Json &percent : thresholds) {
        if (!percent.is_number_integer())
            return false;
        budget.thresholds.push_back(
            static_cast<int>(std::clamp<std::int64_t>(percent.get<std::int64_t>(), -1, highestThreshold + 1)));
    }
    return true;
}

} // namespace

std::string faultOf(const Budget &budget)
{
    if (budget.id.empty() || budget.name.empty())
        return "a budget needs a name";
    if (budget.measure == Budget::Measure::Money && budget.moneyLimit <= Money{})
        return "the limit must be more than zero";
    if (budget.measure != Budget::Measure::Money && budget.countLimit <= 0)
        return budget.measure == Budget::Measure::Age ? "the limit must be at least one second"
                                                      : "the limit must be at least one sandbox";
    if (std::string fault = faultOfScope(budget.scope); !fault.empty())
        return fault;
    for (const Scope &allowed : budget.allowed) {
        if (std::string fault = faultOfScope(allowed); !fault.empty())
            return "the list of exceptions: " + fault;
    }
    if (!isTimeZone(budget.timeZone))
        return "'" + budget.timeZone + "' is no time zone this machine knows";
    if (budget.grace < std::chrono::seconds::zero() || budget.grace > longestGrace)
        return "the grace must be from 0 seconds to 24 hours";
    return faultOfThresholds(budget.thresholds);
}

Json toJson(const Budget &budget)
{
    Json allowed = Json::array();
    for (const Scope &scope : budget.allowed)
        allowed.push_back(scopeToJson(scope));
    return {
        {"id", budget.id},
        {"name", budget.name},
        {"measure", nameIn(measures, budget.measure)},
        {"limit",
         budget.measure == Budget::Measure::Money ? budget.moneyLimit.toFixed(12) : std::to_string(budget.countLimit)},
        {"period", nameIn(periods, budget.period)},
        {"time_zone", budget.timeZone},
        {"scope", scopeToJson(budget.scope)},
        {"allowed", std::move(allowed)},
        {"thresholds", budget.thresholds},
        {"action", nameIn(actions, budget.action)},
        {"dry_run", budget.isDryRun},
        {"grace_seconds", budget.grace.count()},
        {"enabled", budget.isEnabled}};
}

Result<Budget> budgetFromJson(const Json &object)
{
    Budget budget;
    budget.id = stringOr(object, "id");
    budget.name = stringOr(object, "name");
    const auto wrong = [&](const char *member) {
        return failure(Error::Kind::Decode, "budget '" + budget.name + "': " + member + " makes no sense");
    };
    const char *member = nullptr;
    if (!readKinds(object, budget, member) || !readScopes(object, budget, member))
        return wrong(member);
    if (!readLimit(object, budget))
        return wrong("limit");
    if (!readThresholds(object, budget))
        return wrong("thresholds");
    budget.timeZone = stringOr(object, "time_zone");
    budget.isDryRun = boolOr(object, "dry_run", true);
    budget.grace = std::chrono::seconds(intOr(object, "grace_seconds", 60));
    budget.isEnabled = boolOr(object, "enabled", true);
    if (const std::string fault = faultOf(budget); !fault.empty())
        return failure(Error::Kind::Decode, "budget '" + budget.name + "': " + fault);
    return budget;
}

std::string budgetsToText(const std::vector<Budget> &budgets)
{
    Json list = Json::array();
    for (const Budget &budget : budgets)
        list.push_back(toJson(budget));
    return dumpJson({{"version", 1}, {"budgets", list}}, 2) + "\n";
}

Result<std::vector<Budget>> budgetsFromText(std::string_view text)
{
    const auto file = parseJson(text);
    if (!file)
        return tl::unexpected(file.error());
    if (intOr(*file, "version") != 1 || !file->contains("budgets") || !(*file)["budgets"].is_array())
        return failure(Error::Kind::Decode, "not a list of budgets of version 1");
    const Json &list = (*file)["budgets"];
    if (list.size() > mostBudgets)
        return failure(Error::Kind::Decode, "more than " + std::to_string(mostBudgets) + " budgets");
    std::vector<Budget> budgets;
    std::set<std::string> ids;
    for (const Json &object : list) {
        auto budget = budgetFromJson(object);
        if (!budget)
            return tl::unexpected(budget.error());
        if (!ids.insert(budget->id).second)
            return failure(Error::Kind::Decode, "two budgets have the id '" + budget->id + "'");
        budgets.push_back(std::move(*budget));
    }
    return budgets;
}

} // namespace sandglass::cost
