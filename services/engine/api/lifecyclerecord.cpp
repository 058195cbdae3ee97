#include "services/engine/api/lifecyclerecord.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sandglass::engine {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kLabels{{
    {"sandbox.lifecycle.created", "create"},
    {"sandbox.lifecycle.resumed", "resume"},
    {"sandbox.lifecycle.paused", "pause"},
    {"sandbox.lifecycle.killed", "kill"},
    {"sandbox.lifecycle.updated", "update"},
    {"sandbox.lifecycle.checkpointed", ""},
}};

std::string label(std::string_view type)
{
    const auto it = std::find_if(kLabels.begin(), kLabels.end(), [&](const auto &pair) { return pair.first == type; });
    return it != kLabels.end() ? std::string(it->second) : std::string();
}

constexpr int kEventsTtlDays = 7;

} // namespace

bool isLifecycleType(std::string_view type)
{
    return std::any_of(kLabels.begin(), kLabels.end(), [&](const auto &pair) { return pair.first == type; });
}

Json executionJson(const ExecutionSpan &span)
{
    return {{"started_at", formatRfc3339(span.startedAt, 9)},
            {"vcpu_count", span.vcpuCount},
            {"memory_mb", span.memoryMb},
            {"execution_time", span.milliseconds}};
}

std::string webhookPayload(const LifecycleRecord &record)
{
    nlohmann::ordered_json json{{"id", record.id},
                                {"version", "v2"},
                                {"type", record.type},
                                {"timestamp", formatRfc3339(record.timestamp, 9)},
                                {"event_category", "lifecycle"},
                                {"event_label", label(record.type)}};
    if (!record.eventData.empty())
        json["event_data"] = record.eventData;
    json["sandbox_id"] = record.sandboxId;
    json["sandbox_execution_id"] = record.executionId;
    json["sandbox_template_id"] = record.templateId;
    json["sandbox_build_id"] = record.buildId;
    json["sandbox_team_id"] = record.teamId;
    json["events_ttl_days"] = kEventsTtlDays;
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Json eventApiJson(const LifecycleRecord &record)
{
    return {{"id", record.id},
            {"version", "v2"},
            {"type", record.type},
            {"eventCategory", "lifecycle"},
            {"eventLabel", label(record.type)},
            {"eventData", record.eventData.empty() ? Json(nullptr) : record.eventData},
            {"timestamp", formatRfc3339(record.timestamp, 9)},
            {"sandboxId", record.sandboxId},
            {"sandboxExecutionId", record.executionId},
            {"sandboxTemplateId", record.templateId},
            {"sandboxBuildId", record.buildId},
            {"sandboxTeamId", record.teamId}};
}

} // namespace sandglass::engine
