#include "services/engine/sandboxd/rights.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandglass::engine {

bool dropCapabilities(std::uint32_t kept)
{
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        const bool keep = capability < 32 && (kept & (1U << capability)) != 0;
        if (!keep && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            return false;
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct sets[2]{{kept, kept, kept}, {0, 0, 0}};
    return syscall(SYS_capset, &header, sets) == 0;
}

namespace {

std::vector<sock_filter> readFilter(const UniqueFd &file)
{
    std::vector<sock_filter> filter;
    struct stat status
    {};
    if (!file || fstat(file.get(), &status) != 0 || status.st_size <= 0)
        return filter;
    filter.resize(static_cast<std::size_t>(status.st_size) / sizeof(sock_filter));
    const auto bytes = filter.size() * sizeof(sock_filter);
    if (pread(file.get(), filter.data(), bytes, 0) != static_cast<ssize_t>(bytes))
        filter.clear();
    return filter;
}

} // namespace

Rights::Rights(const UniqueFd &filter, const UniqueFd &rootFilter, UniqueFd rootSpace)
    : m_filter(readFilter(filter)), m_rootFilter(readFilter(rootFilter)), m_rootSpace(std::move(rootSpace))
{}

bool Rights::becomeRoot() const
{
    // Entering gives all capabilities of that namespace; number 0 gets none back by exec, because none is in its
    // bounds.
    constexpr unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;
    return setns(m_rootSpace.get(), CLONE_NEWUSER) == 0 && prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) == 0
        && dropCapabilities();
}

bool Rights::confine(bool asRoot) const
{
    const std::vector<sock_filter> &filter = asRoot ? m_rootFilter : m_filter;
    const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter *>(filter.data())};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

} // namespace sandglass::engine
