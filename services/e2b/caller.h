#pragma once

#include "services/core/result.h"
#include "services/e2b/types.h"
#include "services/e2b/urls.h"
#include "services/net/httpclient.h"

#include <string>

namespace sandglass::e2b {

/// Requests to a connection's two planes, with the headers they need. Private to the room.

[[nodiscard]] net::HttpRequest apiRequest(const Connection &connection, std::string method, const std::string &path,
                                          std::string body = {});
/// `path` begins with '/'. Carries the sandbox's access token.
[[nodiscard]] net::HttpRequest sandboxRequest(const Endpoint &endpoint, const SandboxInfo &sandbox, std::string method,
                                              const std::string &path, std::string body = {});

/// Error (Local, code "api_key_missing" or "api_key_shape") before a request that could only be refused.
[[nodiscard]] Result<> checkApiKey(const Connection &connection);

} // namespace sandglass::e2b
