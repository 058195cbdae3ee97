#include "services/engine/builds/buildaccount.h"

#include "services/engine/api/errors.h"

namespace sandglass::engine {

Result<BuildAccount> buildAccount(std::string_view name)
{
    const auto account = findUser(name);
    if (!account)
        return refuse(400,
                      "the account '" + std::string(name)
                          + "' cannot be made: sandboxes of the local engine have the accounts 'user' and 'root'");
    // A sandbox maps a single account: root is told its own name and home, and runs as that one.
    return BuildAccount{{kDefaultUser, account->home},
                        {{"HOME", account->home}, {"USER", account->name}, {"LOGNAME", account->name}}};
}

std::string ownershipCommand(const std::string & /*quotedPath*/, const std::string & /*owner*/)
{
    return {};
}

} // namespace sandglass::engine
