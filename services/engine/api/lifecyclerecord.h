#pragma once

#include "services/core/json.h"

#include <map>
#include <string>

namespace sandglass::engine {

/// One lifecycle event as E2B words it (e2b-protocol 3.3-3.4).
struct LifecycleRecord
{
    std::string id;   ///< UUID
    std::string type; ///< "sandbox.lifecycle.created" …
    Timestamp timestamp;
    std::string sandboxId, executionId, templateId, buildId, teamId;
    Json eventData; ///< object, possibly empty
};

/// The stretch of running that a paused or killed event ends.
struct ExecutionSpan
{
    Timestamp startedAt;
    int vcpuCount = 0;
    int memoryMb = 0;
    std::int64_t milliseconds = 0;
};

[[nodiscard]] Json executionJson(const ExecutionSpan &span);
/// The body of a webhook delivery, generation v2.
[[nodiscard]] std::string webhookPayload(const LifecycleRecord &record);
/// One element of GET /events/sandboxes: camelCase.
[[nodiscard]] Json eventApiJson(const LifecycleRecord &record);

[[nodiscard]] bool isLifecycleType(std::string_view type);

} // namespace sandglass::engine
