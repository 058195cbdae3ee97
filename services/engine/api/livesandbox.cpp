#include "services/engine/api/livesandbox.h"

#include "services/engine/api/errors.h"
#include "services/engine/api/members.h"
#include "services/engine/api/sandboxnetwork.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

constexpr const char *kClientId = "6532622b";

Result<std::map<std::string, std::string>> textMap(const Json &body, const char *name)
{
    std::map<std::string, std::string> map;
    const Json &member = memberOr(body, name);
    if (member.is_null())
        return map;
    if (!member.is_object())
        return refuse(400, std::string(name) + " has to be an object of texts");
    for (const auto &[key, value] : member.items()) {
        if (!value.is_string())
            return refuse(400, std::string(name) + "." + key + " has to be a text");
        map[key] = value.get<std::string>();
    }
    return map;
}

Result<std::vector<VolumeMount>> parseMounts(const Json &list)
{
    constexpr std::size_t kMost = 32;
    std::vector<VolumeMount> mounts;
    if (list.is_null())
        return mounts;
    if (!list.is_array() || list.size() > kMost)
        return refuse(400, "volumeMounts has to be a list of at most 32 mounts");
    for (const Json &each : list) {
        if (!memberOr(each, "name").is_string() || !memberOr(each, "path").is_string())
            return refuse(400, "volumeMounts: a mount has to be {\"name\": text, \"path\": text}");
        mounts.push_back({stringOr(each, "name"), stringOr(each, "path"), {}});
    }
    return mounts;
}

Json mountsJson(const LiveSandbox &live)
{
    Json list = Json::array();
    for (const VolumeMount &mount : live.request.volumeMounts)
        list.push_back({{"name", mount.name}, {"path", mount.path}});
    return list;
}

const char *stateName(const LiveSandbox &live)
{
    const bool paused = live.state == LiveSandbox::State::Paused || live.state == LiveSandbox::State::Pausing;
    return paused ? "paused" : "running";
}

/// What somebody believes to be switched must not quietly stay at its default.
Result<> readSwitches(const Json &json, CreateRequest &request)
{
    for (const char *name : {"autoResume", "network", "mcp", "iam"}) {
        if (const auto checked = checkObject(json, name); !checked)
            return checked;
    }
    const Json &resume = memberOr(json, "autoResume"), &network = memberOr(json, "network");
    bool keepsMemory = true, internet = false; // of a pause both kinds resume alike here
    struct Switch
    {
        const Json &of;
        const char *name;
        bool &into;
    };
    for (const Switch &each : {Switch{json, "autoPause", request.autoPause},
                               {json, "autoPauseMemory", keepsMemory},
                               {resume, "enabled", request.autoResume},
                               {json, "secure", request.secure},
                               {json, "allow_internet_access", internet},
                               {network, "allowPublicTraffic", request.allowPublicTraffic}}) {
        const auto value = flagMember(each.of, each.name, each.into);
        if (!value)
            return failure(value.error());
        each.into = *value;
    }
    if (!memberOr(json, "allow_internet_access").is_null())
        request.allowInternet = internet;
    if (request.autoResume && !request.autoPause)
        return refuse(400, "autoResume needs autoPause");
    return {};
}

} // namespace

Result<CreateRequest> parseCreateRequest(std::string_view body)
{
    const auto json = parseJson(body);
    if (!json || !json->is_object())
        return refuse(400, "the body is not a JSON object");
    CreateRequest request;
    request.templateReference = stringOr(*json, "templateID");
    if (request.templateReference.empty())
        return refuse(400, "templateID is missing");
    const Json &timeout = memberOr(*json, "timeout");
    if (!timeout.is_null() && !timeout.is_number_integer())
        return refuse(400, "timeout has to be a whole number of seconds");
    request.timeoutSeconds = intOr(*json, "timeout", 15);
    if (const auto read = readSwitches(*json, request); !read)
        return failure(read.error());
    if (!memberOr(memberOr(*json, "iam"), "tokens").empty())
        return refuse(400, "the local engine does not support workload identity (iam.tokens)");
    request.network = memberOr(*json, "network");
    auto egress = EgressRules::parse(request.network, request.allowInternet.value_or(false));
    if (!egress)
        return failure(egress.error());
    request.egress = std::move(*egress);
    hidePassword(request.network);
    auto mask = parseHostMask(memberOr(request.network, "maskRequestHost"));
    if (!mask)
        return failure(mask.error());
    request.maskRequestHost = std::move(*mask);
    auto mounts = parseMounts(memberOr(*json, "volumeMounts"));
    if (!mounts)
        return failure(mounts.error());
    request.volumeMounts = std::move(*mounts);
    auto metadata = textMap(*json, "metadata");
    auto environment = readVariables(*json, "envVars");
    if (!metadata || !environment)
        return failure(metadata ? environment.error() : metadata.error());
    request.metadata = std::move(*metadata);
    request.environment = std::move(*environment);
    return request;
}

void MetricSample::raise(const MetricSample &other)
{
    const auto raiseTo = [](auto &figure, auto to) { figure = std::max(figure, to); };
    raiseTo(usage.cpuUsedPercent, other.usage.cpuUsedPercent);
    raiseTo(usage.memoryUsed, other.usage.memoryUsed);
    raiseTo(usage.memoryTotal, other.usage.memoryTotal);
    raiseTo(usage.diskUsed, other.usage.diskUsed);
    raiseTo(usage.diskTotal, other.usage.diskTotal);
    raiseTo(usage.processes, other.usage.processes);
}

ExecutionSpan LiveSandbox::executionUntil(Timestamp now) const
{
    const auto length = std::chrono::floor<std::chrono::milliseconds>(now - executionStartedAt);
    return {executionStartedAt, blueprint.limits.vcpuCount, blueprint.limits.memoryMb,
            std::max<std::int64_t>(length.count(), 0)};
}

SandboxTrace LiveSandbox::trace(Timestamp now) const
{
    return {id,
            executionId,
            blueprint.id,
            blueprint.buildId,
            state != State::Running,
            executionUntil(now),
            request.metadata,
            now};
}

Json sandboxJson(const LiveSandbox &live)
{
    Json json{{"templateID", live.blueprint.id},
              {"sandboxID", live.id},
              {"clientID", kClientId},
              {"envdVersion", kEnvdVersion},
              {"trafficAccessToken", live.trafficToken.empty() ? Json(nullptr) : Json(live.trafficToken)},
              {"domain", nullptr}};
    if (!live.blueprint.name.empty())
        json["alias"] = live.blueprint.name;
    if (live.request.secure)
        json["envdAccessToken"] = live.accessToken;
    return json;
}

Json listedSandboxJson(const LiveSandbox &live)
{
    Json json{{"templateID", live.blueprint.id},
              {"sandboxID", live.id},
              {"clientID", kClientId},
              {"startedAt", formatRfc3339(live.startedAt)},
              {"endAt", formatRfc3339(live.endAt)},
              {"cpuCount", live.blueprint.limits.vcpuCount},
              {"memoryMB", live.blueprint.limits.memoryMb},
              {"diskSizeMB", live.blueprint.limits.diskMb},
              {"metadata", live.request.metadata},
              {"state", stateName(live)},
              {"envdVersion", kEnvdVersion}};
    if (!live.blueprint.name.empty())
        json["alias"] = live.blueprint.name;
    if (!live.request.volumeMounts.empty())
        json["volumeMounts"] = mountsJson(live);
    return json;
}

Json sandboxDetailJson(const LiveSandbox &live)
{
    Json json = listedSandboxJson(live);
    json["domain"] = nullptr;
    json["allowInternetAccess"] = live.request.allowInternet ? Json(*live.request.allowInternet) : Json(nullptr);
    json["lifecycle"] = {{"autoResume", live.request.autoResume},
                         {"onTimeout", live.request.autoPause ? "pause" : "kill"}};
    if (live.request.secure)
        json["envdAccessToken"] = live.accessToken;
    if (live.request.network.is_object())
        json["network"] = live.request.network;
    return json;
}

Json metricJson(const LiveSandbox &live, const MetricSample &sample)
{
    return {{"timestamp", formatRfc3339(sample.timestamp)},
            {"timestampUnix", toUnixMs(sample.timestamp) / 1000},
            {"cpuCount", live.blueprint.limits.vcpuCount},
            {"cpuUsedPct", sample.usage.cpuUsedPercent},
            {"memUsed", sample.usage.memoryUsed},
            {"memTotal", sample.usage.memoryTotal},
            {"memCache", 0},
            {"diskUsed", sample.usage.diskUsed},
            {"diskTotal", sample.usage.diskTotal}};
}

} // namespace sandglass::engine
