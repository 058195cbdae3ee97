#include "services/e2b/decode.h"

#include "services/e2b/fields.h"

namespace sandglass::e2b {
namespace {

Result<TemplateInfo> decodeTemplate(const Json &value, std::string_view path)
{
    TemplateInfo info;
    Fields fields(value, path);
    fields.text("templateID", info.templateId);
    fields.require("templateID", info.templateId);
    fields.texts("names", info.names);
    if (info.names.empty())
        fields.texts("aliases", info.names);
    fields.number("cpuCount", info.cpuCount);
    fields.number("memoryMB", info.memoryMb);
    fields.number("diskSizeMB", info.diskSizeMb);
    fields.text("buildStatus", info.buildStatus);
    fields.text("buildID", info.buildId);
    fields.text("envdVersion", info.envdVersion);
    fields.boolean("public", info.isPublic);
    fields.number("spawnCount", info.spawnCount);
    fields.number("buildCount", info.buildCount);
    fields.time("createdAt", info.createdAt);
    fields.time("updatedAt", info.updatedAt);
    fields.time("lastSpawnedAt", info.lastSpawnedAt);
    if (fields.error())
        return failure(*fields.error());
    return info;
}

} // namespace

Result<SandboxInfo> decodeSandbox(const Json &value, std::string_view path)
{
    SandboxInfo info;
    Fields fields(value, path);
    fields.text("sandboxID", info.sandboxId);
    fields.require("sandboxID", info.sandboxId);
    fields.text("templateID", info.templateId);
    fields.text("alias", info.alias);
    fields.text("state", info.state);
    fields.time("startedAt", info.startedAt);
    fields.time("endAt", info.endAt);
    fields.number("cpuCount", info.cpuCount);
    fields.number("memoryMB", info.memoryMb);
    fields.number("diskSizeMB", info.diskSizeMb);
    fields.map("metadata", info.metadata);
    fields.text("envdVersion", info.envdVersion);
    fields.text("envdAccessToken", info.envdAccessToken);
    fields.text("trafficAccessToken", info.trafficAccessToken);
    fields.text("domain", info.domain);
    if (fields.error())
        return failure(*fields.error());
    return info;
}

Result<std::vector<SandboxInfo>> decodeSandboxes(const Json &value)
{
    return decodeArray<SandboxInfo>(value, "$",
                                    [](const Json &row, const std::string &path) { return decodeSandbox(row, path); });
}

Result<std::vector<TemplateInfo>> decodeTemplates(const Json &value)
{
    return decodeArray<TemplateInfo>(value, "$", decodeTemplate);
}

Result<WebhookInfo> decodeWebhook(const Json &value, std::string_view path)
{
    WebhookInfo info;
    Fields fields(value, path);
    fields.text("id", info.id);
    fields.require("id", info.id);
    fields.text("name", info.name);
    fields.text("url", info.url);
    fields.texts("events", info.events);
    fields.boolean("enabled", info.enabled);
    fields.time("createdAt", info.createdAt);
    if (fields.error())
        return failure(*fields.error());
    return info;
}

Result<std::vector<WebhookInfo>> decodeWebhooks(const Json &value)
{
    return decodeArray<WebhookInfo>(value, "$",
                                    [](const Json &row, const std::string &path) { return decodeWebhook(row, path); });
}

ExecutionResult decodeResult(const Json &line)
{
    ExecutionResult result;
    result.isMainResult = boolOr(line, "is_main_result");
    for (const auto &[key, value] : line.items()) {
        if (key == "type" || key == "is_main_result" || value.is_null())
            continue;
        result.formats[key] = value.is_string() ? value.get<std::string>() : dumpJson(value);
    }
    return result;
}

ExecutionError decodeError(const Json &line)
{
    ExecutionError error{stringOr(line, "name"), stringOr(line, "value"), stringOr(line, "traceback")};
    // Some servers send the traceback as Jupyter does: a list of lines.
    const Json &traceback = memberOr(line, "traceback");
    if (traceback.is_array()) {
        for (const Json &part : traceback) {
            if (part.is_string())
                (error.traceback += part.get_ref<const std::string &>()) += '\n';
        }
    }
    return error;
}

Json encode(const SandboxSpec &spec)
{
    Json body{{"templateID", spec.templateId},
              {"timeout", spec.timeoutSeconds},
              {"secure", true},
              {"allow_internet_access", spec.allowInternetAccess},
              {"metadata", spec.metadata},
              {"envVars", spec.envVars}};
    if (spec.autoPause)
        body["autoPause"] = true;
    return body;
}

Json encode(const WebhookSpec &spec)
{
    return {{"name", spec.name},
            {"url", spec.url},
            {"events", spec.events},
            {"enabled", spec.enabled},
            {"signatureSecret", spec.signatureSecret}};
}

Json encode(const CodeSpec &spec)
{
    Json body{{"code", spec.code}};
    if (!spec.contextId.empty()) // the service refuses a context together with a language
        body["context_id"] = spec.contextId;
    else if (!spec.language.empty())
        body["language"] = spec.language;
    if (!spec.envVars.empty())
        body["env_vars"] = spec.envVars;
    return body;
}

} // namespace sandglass::e2b
