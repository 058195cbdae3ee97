#pragma once

#include "services/core/uniquefd.h"

#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// A folder of the engine's that a sandbox has at a path of its own, for reading and writing.
struct VolumePlan
{
    std::string source; ///< relative to the working directory
    std::string target; ///< as whyNoMountPath() takes it
};

/// Why nothing can be mounted there, or null: absolute and clean paths only, and none that programs, devices or the
/// engine's own daemon need.
[[nodiscard]] const char *whyNoMountPath(std::string_view path);

/// In the process that becomes the sandbox: detached copies of the folders, taken while they can still be reached.
/// Gives the step that failed, with errno, or null.
[[nodiscard]] const char *takeVolumes(const std::vector<VolumePlan> &plans, std::vector<UniqueFd> &mounts);

/// Puts them at their paths once "/" is the sandbox's own; folders on the way are made. Follows no symbolic link: the
/// layers may hold any.
[[nodiscard]] const char *placeVolumes(const std::vector<VolumePlan> &plans, const std::vector<UniqueFd> &mounts);

} // namespace sandglass::engine
