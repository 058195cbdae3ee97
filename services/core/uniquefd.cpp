#include "services/core/uniquefd.h"

#include <unistd.h>

namespace sandglass {

void UniqueFd::reset(int fd) noexcept
{
    if (m_fd >= 0)
        ::close(m_fd); // Linux frees the descriptor even on EINTR, so no retry
    m_fd = fd;
}

} // namespace sandglass
