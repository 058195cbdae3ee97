#pragma once

#include "services/core/result.h"
#include "services/http/server.h"

namespace sandglass::engine {

/// Errors of the engine carry the HTTP status they are to be answered with; 0 counts as 500.
[[nodiscard]] http::Response errorResponse(const Error &error);

/// `failure()` for an answer in E2B's error shape.
inline tl::unexpected<Error> refuse(int status, std::string message)
{
    return failure(Error::Kind::Service, std::move(message), status);
}

/// The text that E2B uses everywhere for a sandbox that is not there.
[[nodiscard]] Error sandboxNotFound(std::string_view id);

} // namespace sandglass::engine
