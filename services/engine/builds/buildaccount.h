#pragma once

#include "services/engine/api/sandboxuser.h"

#include <string_view>

namespace sandglass::engine {

/// Who runs a step, or owns what a COPY brings ("name" or "name:group"). Error 400 for accounts that sandboxes do not
/// have. Files have one owner whoever made them: `user` and `root` are two numbers of one account (docs/engine.md).
[[nodiscard]] Result<SandboxUser> buildAccount(std::string_view name);

} // namespace sandglass::engine
