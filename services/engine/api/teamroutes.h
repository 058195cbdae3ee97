#pragma once

#include "services/engine/api/router.h"
#include "services/engine/api/teamactivity.h"

#include <string>

namespace sandglass::engine {

/// The one team there is: GET /teams, its metrics and their maxima. `activity` outlives the router.
void addTeamRoutes(Router &router, std::string teamId, const TeamActivity &activity);

} // namespace sandglass::engine
