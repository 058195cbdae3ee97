#pragma once

#include "services/engine/api/router.h"
#include "services/engine/volumes/volumes.h"

namespace sandglass::engine {

/// GET and POST /volumes, GET and DELETE /volumes/{id}. `volumes` outlives the router.
void addVolumeRoutes(Router &router, Volumes &volumes);

} // namespace sandglass::engine
