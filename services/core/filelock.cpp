#include "services/core/filelock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace sandglass {

Result<UniqueFd> lockFile(const std::filesystem::path &path, std::chrono::milliseconds patience)
{
    constexpr std::chrono::milliseconds pause(50);
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd)
        return failure(Error::Kind::Local, "cannot write " + path.string() + ": " + std::strerror(errno));
    const auto end = std::chrono::steady_clock::now() + patience;
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) { // without waiting inside: that would have no end
        if (errno != EWOULDBLOCK && errno != EINTR)
            return failure(Error::Kind::Local, "cannot lock " + path.string() + ": " + std::strerror(errno));
        if (std::chrono::steady_clock::now() >= end)
            return failure(Error::Kind::Local, "another program holds " + path.string(), 0, "locked");
        std::this_thread::sleep_for(pause);
    }
    return fd;
}

} // namespace sandglass
