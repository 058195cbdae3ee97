#include "services/engine/builds/buildaccount.h"

#include "services/engine/api/errors.h"

namespace sandglass::engine {

Result<SandboxUser> buildAccount(std::string_view name)
{
    if (auto account = findUser(name.substr(0, name.find(':'))))
        return account;
    return refuse(400,
                  "the account '" + std::string(name)
                      + "' cannot be made: sandboxes of the local engine have the accounts 'user' and 'root'");
}

} // namespace sandglass::engine
