#pragma once

#include "services/engine/api/apikeystore.h"
#include "services/engine/api/router.h"

namespace sandglass::engine {

/// GET and POST /api-keys, PATCH and DELETE /api-keys/{id}. `keys` outlives the router.
void addApiKeyRoutes(Router &router, ApiKeyStore &keys);

} // namespace sandglass::engine
