#pragma once

#include "services/engine/api/sandboxuser.h"

#include <string_view>

namespace sandglass::engine {

/// Who runs a step: the account that the sandbox's daemon starts processes as, and what they are told of it.
struct BuildAccount
{
    SandboxUser runsAs;
    Environment told; ///< HOME, USER, LOGNAME
};

/// Error 400 for accounts that sandboxes do not have.
[[nodiscard]] Result<BuildAccount> buildAccount(std::string_view name);

/// "; COMMAND" that gives the path and all below it to the owner a COPY names; empty where files can have one owner
/// only.
[[nodiscard]] std::string ownershipCommand(const std::string &quotedPath, const std::string &owner);

} // namespace sandglass::engine
