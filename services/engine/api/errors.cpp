#include "services/engine/api/errors.h"

namespace sandglass::engine {

http::Response errorResponse(const Error &error)
{
    return http::Response::error(error.status != 0 ? error.status : 500, error.message);
}

Error sandboxNotFound(std::string_view id)
{
    return {Error::Kind::Service,
            404,
            "Sandbox \"" + std::string(id) + "\" doesn't exist or you don't have access to it",
            {}};
}

} // namespace sandglass::engine
