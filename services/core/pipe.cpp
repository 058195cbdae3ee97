#include "services/core/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace sandglass {

bool makePipe(UniqueFd &readEnd, UniqueFd &writeEnd)
{
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        return false;
    readEnd.reset(ends[0]);
    writeEnd.reset(ends[1]);
    return true;
}

} // namespace sandglass
