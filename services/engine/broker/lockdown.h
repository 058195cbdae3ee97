#pragma once

#include "services/core/result.h"
#include "services/core/uniquefd.h"

#include <linux/filter.h>
#include <string>
#include <vector>

namespace sandglass::engine {

/// Who a filter is for: a fork-server may enter namespaces, a sandbox's daemon user namespaces. To a sandbox's root
/// calls that change owners or accounts, and that make devices, seem to work: nothing happens, and 0 comes back.
/// Installing packages and unpacking archives takes no more.
enum class Confined { Sandbox, Root, Daemon, ForkServer };

/// The system calls a sandbox may not make, compiled once and installed many times: a deny list that leaves normal
/// programs alone. clone3 answers ENOSYS so that C libraries fall back to clone, whose flags a filter can see.
class SyscallFilter final
{
public:
    [[nodiscard]] static Result<SyscallFilter> compile(Confined whom = Confined::Sandbox);
    /// For the calling process and all it starts, for good. False with errno.
    [[nodiscard]] bool install() const;
    /// The program as the kernel takes it: an array of struct sock_filter.
    [[nodiscard]] std::string bytes() const;
    /// A file in memory with bytes().
    [[nodiscard]] Result<UniqueFd> toFile() const;

private:
    std::vector<sock_filter> m_program;
};

/// Gives up every capability but CAP_SYS_ADMIN in the present user namespace, which a program executed later keeps.
[[nodiscard]] bool keepAdministration();

} // namespace sandglass::engine
