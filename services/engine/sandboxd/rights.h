#pragma once

#include "services/core/uniquefd.h"

#include <cstdint>
#include <linux/filter.h>
#include <vector>

namespace sandglass::engine {

/// Gives up every capability but those in the mask `kept`, also what a later exec could bring back. False with errno.
[[nodiscard]] bool dropCapabilities(std::uint32_t kept = 0);

/// What a process of the sandbox may do, as it is settled between fork and exec.
class Rights final
{
public:
    Rights() = default;
    /// `filter` holds an array of struct sock_filter, `rootFilter` the one for root's processes. `rootSpace` is a user
    /// namespace below this one in which the sandbox's only account has number 0; it may be missing.
    Rights(const UniqueFd &filter, const UniqueFd &rootFilter, UniqueFd rootSpace);

    [[nodiscard]] bool isComplete() const { return !m_filter.empty() && !m_rootFilter.empty(); }
    [[nodiscard]] bool canBeRoot() const { return static_cast<bool>(m_rootSpace); }
    /// In the child, while the namespace's descriptor is open: number 0 for the same account, and not one capability.
    [[nodiscard]] bool becomeRoot() const;
    /// In the child, last before exec: the filter of all programs here, which takes entering namespaces away as well.
    [[nodiscard]] bool confine(bool asRoot) const;

private:
    std::vector<sock_filter> m_filter, m_rootFilter;
    UniqueFd m_rootSpace;
};

} // namespace sandglass::engine
