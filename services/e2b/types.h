#pragma once

#include "services/core/time.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::e2b {

/// Where an E2B API is: the local engine, E2B cloud or a self-hosted domain. URLs as the SDKs compute them
/// (e2b-protocol.md 1.4).
struct Connection
{
    enum class Kind { Local, Cloud, SelfHosted };
    std::string id;   ///< "local", "cloud", or a slug of the name
    std::string name; ///< for people
    Kind kind = Kind::Local;
    std::string domain = "e2b.app";
    std::string apiUrl;     ///< empty: https://api.DOMAIN
    std::string sandboxUrl; ///< empty: https://sandbox.DOMAIN for E2B's own domains, else https://PORT-ID.DOMAIN
    std::string apiKey;     ///< never written to settings; comes from the key store
    friend bool operator==(const Connection &, const Connection &) = default;
};

struct SandboxSpec
{
    std::string templateId = "code-interpreter-v1";
    int timeoutSeconds = 300;
    std::map<std::string, std::string> metadata;
    std::map<std::string, std::string> envVars;
    bool autoPause = false;
    bool allowInternetAccess = false;
};

/// What create, connect, list and get tell. Absent fields keep their defaults.
struct SandboxInfo
{
    std::string sandboxId;
    std::string templateId;
    std::string alias;
    std::string state = "running"; ///< "running" or "paused"
    std::optional<Timestamp> startedAt;
    std::optional<Timestamp> endAt;
    int cpuCount = 0;
    int memoryMb = 0;
    int diskSizeMb = 0;
    std::map<std::string, std::string> metadata;
    std::string envdVersion;
    std::string envdAccessToken; ///< create, connect, get
    std::string trafficAccessToken;
    std::string domain;
};

struct TemplateInfo
{
    std::string templateId;
    std::vector<std::string> names; ///< names, else aliases
    int cpuCount = 0;
    int memoryMb = 0;
    int diskSizeMb = 0;
    std::string buildStatus;
    std::string buildId;
    std::string envdVersion;
    bool isPublic = false;
    std::int64_t spawnCount = 0;
    int buildCount = 0;
    std::optional<Timestamp> createdAt, updatedAt, lastSpawnedAt;
};

struct WebhookSpec
{
    std::string name;
    std::string url;
    std::vector<std::string> events; ///< "sandbox.lifecycle.created", …
    bool enabled = true;
    std::string signatureSecret; ///< write-only, 32+ characters
};

struct WebhookInfo
{
    std::string id;
    std::string name;
    std::string url;
    std::vector<std::string> events;
    bool enabled = true;
    std::optional<Timestamp> createdAt;
};

/// One result of an execution: mime-like keys as the interpreter names them.
struct ExecutionResult
{
    bool isMainResult = false;
    std::map<std::string, std::string> formats; ///< "text", "html", "png" (base64), "json" (serialised), …
};

struct ExecutionError
{
    std::string name; ///< "ModuleNotFoundError"
    std::string value;
    std::string traceback; ///< may hold ANSI colours
};

struct CodeSpec
{
    std::string code;
    std::string contextId; ///< empty: the default context of `language`
    std::string language = "python";
    std::map<std::string, std::string> envVars;
    int timeoutSeconds = 30; ///< the run is interrupted and the session stays usable; 0 = none
};

} // namespace sandglass::e2b
