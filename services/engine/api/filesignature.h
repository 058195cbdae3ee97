#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/http/server.h"

#include <string>
#include <string_view>

namespace sandglass::engine {

/// "v1_" + base64(SHA-256(PATH:OPERATION:USER:TOKEN[:EXPIRATION])) without padding (e2b-protocol 4.1).
[[nodiscard]] std::string signFileAccess(std::string_view path, std::string_view operation, std::string_view user,
                                         std::string_view token, std::string_view expiration = {});

/// True when the query's signature was made with `token`; says nothing about expiry.
[[nodiscard]] bool signatureMatches(const http::RequestHead &request, std::string_view token);

/// May this /files request touch the sandbox with `token`? X-Access-Token or a signature that has not expired; the
/// errors are envd's, status 401.
[[nodiscard]] Result<> checkFileAccess(const http::RequestHead &request, std::string_view token, Timestamp now);

} // namespace sandglass::engine
