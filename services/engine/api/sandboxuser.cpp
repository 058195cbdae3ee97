#include "services/engine/api/sandboxuser.h"

#include "services/core/base64.h"
#include "services/engine/api/members.h"

#include <filesystem>

namespace sandglass::engine {

Result<SandboxUser> findUser(std::string_view name)
{
    if (name.empty() || name == kDefaultUser)
        return SandboxUser{kDefaultUser, "/home/user"};
    if (name == "root")
        return SandboxUser{"root", "/root"};
    return failure(Error::Kind::Service, "invalid username: '" + std::string(name) + "'", 401, "unauthenticated");
}

Result<SandboxUser> findFileUser(std::string_view name)
{
    if (auto user = findUser(name))
        return user;
    const std::string text(name);
    return failure(Error::Kind::Service, "error looking up user '" + text + "': user: unknown user " + text, 401,
                   "unauthenticated");
}

Result<SandboxUser> userOf(const http::RequestHead &request)
{
    const std::string_view header = request.header("authorization");
    if (header.empty())
        return findUser({});
    const auto decoded = header.starts_with("Basic ") ? base64Decode(header.substr(6)) : std::nullopt;
    if (!decoded)
        return failure(Error::Kind::Service, "invalid authorization header", 401, "unauthenticated");
    return findUser(decoded->substr(0, decoded->find(':')));
}

std::string expandPath(std::string_view path, const SandboxUser &user)
{
    if (path == "~")
        path = {};
    else if (path.starts_with("~/"))
        path.remove_prefix(2);
    const std::string whole = path.starts_with('/') ? std::string(path) : user.home + "/" + std::string(path);
    std::string plain = std::filesystem::path(whole).lexically_normal().string();
    if (plain.size() > 1 && plain.ends_with('/'))
        plain.pop_back();
    return plain.starts_with("//") ? plain.substr(1) : plain;
}

Result<Environment> readVariables(const Json &object, const char *key)
{
    if (const auto checked = checkObject(object, key); !checked)
        return failure(checked.error());
    Environment variables;
    for (const auto &[name, value] : memberOr(object, key).items()) {
        const bool isName = !name.empty() && name.find('=') == std::string::npos && plainText(name, key);
        if (!isName || !value.is_string())
            return failure(Error::Kind::Service, std::string(key) + ": '" + name + "' is not a usable variable", 400,
                           "invalid_argument");
        auto text = plainText(value.get<std::string>(), std::string(key) + "." + name);
        if (!text)
            return failure(text.error());
        variables[name] = std::move(*text);
    }
    return variables;
}

Environment processEnvironment(const SandboxUser &user, const Environment &global, const Environment &own)
{
    Environment all{{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                    {"HOME", user.home},
                    {"USER", user.name},
                    {"LOGNAME", user.name}};
    for (const auto &[name, value] : global)
        all.insert_or_assign(name, value);
    for (const auto &[name, value] : own)
        all.insert_or_assign(name, value);
    return all;
}

} // namespace sandglass::engine
