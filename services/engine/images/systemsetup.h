#pragma once

#include "services/core/result.h"
#include "services/engine/images/systemtree.h"

#include <map>
#include <string>

namespace sandglass::engine {

/// What an image tells besides its files.
struct ImageSettings
{
    std::string image;                              ///< as it was asked for
    std::map<std::string, std::string> environment; ///< of each process
};

/// Makes an unpacked system fit for sandboxes: the accounts `root` and `user` (1000, /home/user), hosts and resolver of
/// a sandbox in the place of those of whoever made the image, the authorities that this machine trusts, a `sudo` where
/// it has none, and an apt that asks for no account of its own. Keeps `settings` with it. Error: it has no /bin/bash,
/// which runs every command.
[[nodiscard]] Result<> setUpSystem(const SystemTree &tree, const ImageSettings &settings);

/// What was kept; without it nothing.
[[nodiscard]] ImageSettings readImageSettings(const std::string &layer);

} // namespace sandglass::engine
