#include "services/engine/broker/account.h"

#include "services/engine/broker/names.h"

#include <cerrno>
#include <cstring>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

tl::unexpected<Error> cannot(const char *what)
{
    return failure(Error::Kind::Local, std::string("cannot ") + what + ": " + std::strerror(errno), 0, "unavailable");
}

} // namespace

Result<> leaveRoot()
{
    if (geteuid() != 0)
        return {};
    // Paths are looked up relative to the working directory, so only this one directory has to be passable.
    struct stat status
    {};
    if (stat(".", &status) != 0 || chmod(".", (status.st_mode & 07777U) | S_IXOTH) != 0)
        return cannot("open the state directory to the sandbox account");
    for (const char *directory : {layersDirectory, sandboxesDirectory}) {
        if (chown(directory, unprivilegedId, unprivilegedId) != 0)
            return cannot("give a directory to the sandbox account");
    }
    if (setgroups(0, nullptr) != 0 || setresgid(unprivilegedId, unprivilegedId, unprivilegedId) != 0
        || setresuid(unprivilegedId, unprivilegedId, unprivilegedId) != 0)
        return cannot("become an unprivileged account");
    if (setuid(0) == 0) {
        errno = EPERM;
        return cannot("give up root for good");
    }
    prctl(PR_SET_DUMPABLE, 1); // else /proc/self/uid_map of every sandbox belongs to root and cannot be written
    return {};
}

} // namespace sandglass::engine
