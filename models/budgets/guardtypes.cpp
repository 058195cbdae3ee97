#include "models/budgets/guardtypes.h"

#include <array>

using namespace std::chrono_literals;

namespace sandglass::models {

namespace {

constexpr std::array<std::pair<RunawayPolicy::Response, const char *>, 4> responses = {
    {{RunawayPolicy::Response::Off, "off"},
     {RunawayPolicy::Response::Notify, "notify"},
     {RunawayPolicy::Response::Pause, "pause"},
     {RunawayPolicy::Response::Kill, "kill"}}};
constexpr auto shortest = 1s;
constexpr auto longest = 365 * 24h;
constexpr std::size_t mostTemplates = 500;

bool isSensible(std::chrono::milliseconds threshold)
{
    return threshold >= shortest && threshold <= longest;
}

Json toJson(const RunawayPolicy &policy)
{
    Json perTemplate = Json::object();
    for (const auto &[name, threshold] : policy.rules.perTemplate)
        perTemplate[name] = threshold.count();
    // Scopes have their shape in a budget's exceptions.
    cost::Budget carrier;
    carrier.allowed = policy.allowed;
    return {{"threshold_ms", policy.rules.threshold.count()},
            {"per_template_ms", std::move(perTemplate)},
            {"response", responses[static_cast<std::size_t>(policy.response)].second},
            {"dry_run", policy.isDryRun},
            {"grace_seconds", policy.grace.count()},
            {"allowed", cost::toJson(carrier)["allowed"]}};
}

Result<RunawayPolicy> policyFromJson(const Json &object)
{
    RunawayPolicy policy;
    if (object.is_null())
        return policy;
    const auto wrong = [](const std::string &what) {
        return failure(Error::Kind::Decode, "runaways: " + what + " makes no sense");
    };
    policy.rules.threshold = std::chrono::milliseconds(intOr(object, "threshold_ms"));
    if (const Json &perTemplate = memberOr(object, "per_template_ms"); perTemplate.is_object()) {
        for (const auto &[name, threshold] : perTemplate.items())
            policy.rules.perTemplate[name] =
                std::chrono::milliseconds(threshold.is_number_integer() ? threshold.get<std::int64_t>() : 0);
    }
    const auto response = std::ranges::find(responses, stringOr(object, "response"),
                                            &std::pair<RunawayPolicy::Response, const char *>::second);
    if (response == responses.end())
        return wrong("response");
    policy.response = response->first;
    policy.isDryRun = boolOr(object, "dry_run", true);
    policy.grace = std::chrono::seconds(intOr(object, "grace_seconds", 60));
    cost::Budget carrier;
    carrier.id = carrier.name = "runaways";
    carrier.countLimit = 1;
    carrier.measure = cost::Budget::Measure::Concurrent;
    Json shape = cost::toJson(carrier);
    shape["allowed"] = memberOr(object, "allowed");
    auto allowed = cost::budgetFromJson(shape);
    if (!allowed)
        return wrong("allowed");
    policy.allowed = std::move(allowed->allowed);
    if (const std::string fault = faultOf(policy); !fault.empty())
        return failure(Error::Kind::Decode, "runaways: " + fault);
    return policy;
}

} // namespace

std::string faultOf(const RunawayPolicy &policy)
{
    if (!isSensible(policy.rules.threshold))
        return "the threshold must be from one second to a year";
    if (policy.rules.perTemplate.size() > mostTemplates)
        return "too many templates have a threshold of their own";
    for (const auto &[name, threshold] : policy.rules.perTemplate) {
        if (name.empty() || !isSensible(threshold))
            return "the threshold of template '" + name + "' must be from one second to a year";
    }
    if (policy.grace < 0s || policy.grace > 24h)
        return "the grace must be from 0 seconds to 24 hours";
    return {};
}

Json toJson(const GuardConfig &config)
{
    Json budgets = Json::array();
    for (const cost::Budget &budget : config.budgets)
        budgets.push_back(cost::toJson(budget));
    return {{"version", 1}, {"budgets", std::move(budgets)}, {"runaways", toJson(config.runaways)}};
}

Result<GuardConfig> guardConfigFromJson(const Json &value)
{
    if (value.is_null())
        return GuardConfig{};
    auto budgets = cost::budgetsFromText(dumpJson(value));
    if (!budgets)
        return failure(std::move(budgets.error()));
    auto policy = policyFromJson(memberOr(value, "runaways"));
    if (!policy)
        return failure(std::move(policy.error()));
    return GuardConfig{std::move(*budgets), std::move(*policy)};
}

std::string causeOf(const cost::Budget &budget, const cost::Period &period)
{
    return "budget " + budget.id + ' ' + formatRfc3339(period.from, 0);
}

} // namespace sandglass::models
