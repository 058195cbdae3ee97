#pragma once

#include "services/core/json.h"
#include "services/http/server.h"

#include <map>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// An account inside a sandbox.
struct SandboxUser
{
    std::string name, home;
};
inline constexpr const char *kDefaultUser = "user";

/// The account of that name; empty = the default one. Error code "unauthenticated", in envd's words.
[[nodiscard]] Result<SandboxUser> findUser(std::string_view name);
/// The same in the words of envd's REST half.
[[nodiscard]] Result<SandboxUser> findFileUser(std::string_view name);
/// The account an RPC acts as: `Authorization: Basic base64("user:")`, without it the default one.
[[nodiscard]] Result<SandboxUser> userOf(const http::RequestHead &request);

/// Absolute, without "." and "..", by the text alone, as sandboxd takes it; relative ones and "~", "~/x" against the
/// home directory; empty = home.
[[nodiscard]] std::string expandPath(std::string_view path, const SandboxUser &user);

using Environment = std::map<std::string, std::string>;
/// The variables in that member; absent and null give none. Error 400 "invalid_argument": no object, a name that is
/// none, a value that is no text or holds a NUL.
[[nodiscard]] Result<Environment> readVariables(const Json &object, const char *key);
/// What every process of a sandbox starts with: PATH, HOME, USER, LOGNAME, then `global`, then `own`.
[[nodiscard]] Environment processEnvironment(const SandboxUser &user, const Environment &global,
                                             const Environment &own);

} // namespace sandglass::engine
