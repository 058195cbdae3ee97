#include "services/lifecycle/codeexecution.h"

#include "services/core/ids.h"
#include "services/core/json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace sandglass::lifecycle {

namespace {

constexpr double longestMs = 100.0 * 366 * 24 * 3600 * 1000;
constexpr int costDigits = 12;                                                // a pico-dollar
constexpr Money mostCost = Money::fromPicoDollars(1'000'000'000'000'000'000); // a million dollars

using Word = std::pair<RunOutcome, std::string_view>;
constexpr std::array<Word, 6> outcomeWords{{
    {RunOutcome::Passed, "passed"},
    {RunOutcome::CheckFailed, "check_failed"},
    {RunOutcome::Raised, "raised"},
    {RunOutcome::TimedOut, "timed_out"},
    {RunOutcome::Stopped, "stopped"},
    {RunOutcome::Broken, "broken"},
}};

/// Events of before there was an outcome have a success and, for what is no error of the code, a name of ours.
RunOutcome olderOutcome(const Json &data, std::string_view errorName)
{
    const Json &success = memberOr(data, "success");
    if (!success.is_boolean())
        return RunOutcome::Unknown;
    if (success.get<bool>())
        return RunOutcome::Passed;
    return errorName == "TimeoutError" ? RunOutcome::TimedOut
        : errorName == "Stopped"       ? RunOutcome::Stopped
        : errorName == "Broken"        ? RunOutcome::Broken
                                       : RunOutcome::Raised;
}

RunOutcome outcomeOf(const Json &data, std::string_view errorName)
{
    if (!data.contains("outcome"))
        return olderOutcome(data, errorName);
    const auto *known = std::ranges::find(outcomeWords, stringOr(data, "outcome"), &Word::second);
    return known != outcomeWords.end() ? known->first : RunOutcome::Unknown;
}

std::optional<Money> costOf(const Json &data, const char *member)
{
    const auto cost = Money::parse(stringOr(data, member));
    return cost && *cost >= Money{} && *cost <= mostCost ? cost : std::nullopt;
}

} // namespace

bool ranToItsEnd(RunOutcome outcome)
{
    return outcome == RunOutcome::Passed || outcome == RunOutcome::CheckFailed;
}

Event codeExecutedEvent(const CodeExecution &execution, Timestamp at)
{
    Event event;
    event.id = newUuid();
    event.typeName = codeExecutedType;
    event.timestamp = event.receivedAt = at;
    event.sandboxId = execution.sandboxId;
    event.templateId = execution.templateId;
    event.source = EventSource::Poll;
    Json data = Json::object();
    if (execution.durationMs)
        data["duration_ms"] = *execution.durationMs;
    if (execution.outcome != RunOutcome::Unknown) {
        data["success"] = ranToItsEnd(execution.outcome);
        data["outcome"] = std::ranges::find(outcomeWords, execution.outcome, &Word::first)->second;
    }
    if (!execution.errorName.empty())
        data["error"] = execution.errorName;
    if (execution.cost)
        data["cost_usd"] = execution.cost->toFixed(costDigits);
    if (!execution.model.empty())
        data["model"] = execution.model;
    if (execution.modelCost)
        data["model_cost_usd"] = execution.modelCost->toFixed(costDigits);
    event.raw = dumpJson({{"version", "v2"},
                          {"id", event.id},
                          {"type", event.typeName},
                          {"timestamp", formatRfc3339(at, 9)},
                          {"event_data", data},
                          {"sandbox_id", event.sandboxId},
                          {"sandbox_template_id", event.templateId}});
    return event;
}

CodeExecution codeExecutionOf(const Event &event)
{
    CodeExecution execution;
    execution.sandboxId = event.sandboxId;
    execution.templateId = event.templateId;
    const auto body = parseJson(event.raw);
    const Json &data = body ? memberOr(*body, "event_data") : memberOr({}, "");
    if (!data.is_object())
        return execution;
    if (const double took = doubleOr(data, "duration_ms", -1); took >= 0 && took <= longestMs)
        execution.durationMs = std::llround(took);
    execution.errorName = stringOr(data, "error");
    execution.outcome = outcomeOf(data, execution.errorName);
    execution.model = stringOr(data, "model");
    execution.cost = costOf(data, "cost_usd");
    execution.modelCost = costOf(data, "model_cost_usd");
    return execution;
}

} // namespace sandglass::lifecycle
