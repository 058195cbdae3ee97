#pragma once

#include "services/core/result.h"

#include <linux/filter.h>
#include <vector>

namespace sandglass::engine {

/// The system calls a sandbox may not make, compiled once and installed many times: a deny list that leaves normal
/// programs alone. clone3 answers ENOSYS so that C libraries fall back to clone, whose flags a filter can see.
class SyscallFilter final
{
public:
    [[nodiscard]] static Result<SyscallFilter> compile();
    /// For the calling process and all it starts, for good. False with errno.
    [[nodiscard]] bool install() const;

private:
    std::vector<sock_filter> m_program;
};

/// Gives up every capability, also those a later exec could bring back. False with errno.
[[nodiscard]] bool dropCapabilities();

} // namespace sandglass::engine
