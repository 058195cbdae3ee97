#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/e2b/types.h"

#include <string_view>
#include <vector>

namespace sandglass::e2b {

/// Wire to values. Unknown members are ignored, absent optional ones keep their defaults; a member of the wrong type
/// is a Decode error that names its path ("$[3].cpuCount is a string, not a number").

[[nodiscard]] Result<SandboxInfo> decodeSandbox(const Json &value, std::string_view path = "$");
[[nodiscard]] Result<std::vector<SandboxInfo>> decodeSandboxes(const Json &value);
[[nodiscard]] Result<std::vector<TemplateInfo>> decodeTemplates(const Json &value);
[[nodiscard]] Result<WebhookInfo> decodeWebhook(const Json &value, std::string_view path = "$");
[[nodiscard]] Result<std::vector<WebhookInfo>> decodeWebhooks(const Json &value);

/// One "result" and one "error" line of an execution. Formats that are no text are kept as serialised JSON.
[[nodiscard]] ExecutionResult decodeResult(const Json &line);
[[nodiscard]] ExecutionError decodeError(const Json &line);

/// Values to wire.
[[nodiscard]] Json encode(const SandboxSpec &spec);
[[nodiscard]] Json encode(const WebhookSpec &spec);
[[nodiscard]] Json encode(const CodeSpec &spec);

} // namespace sandglass::e2b
