#pragma once

#include "services/engine/api/router.h"
#include "services/engine/secrets/secretstore.h"

namespace sandglass::engine {

/// GET and POST /secrets, GET, POST and DELETE /secrets/{id or name}. `secrets` outlives the router.
void addSecretRoutes(Router &router, SecretStore &secrets);

} // namespace sandglass::engine
