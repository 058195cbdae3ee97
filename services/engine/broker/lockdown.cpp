#include "services/engine/broker/lockdown.h"

#include "services/engine/sandboxd/rights.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

constexpr const char *denied[] = {
    "mount",
    "umount2",
    "pivot_root",
    "unshare",
    "setns",
    "chroot",
    "fsopen",
    "fsmount",
    "fspick",
    "fsconfig",
    "move_mount",
    "open_tree",
    "mount_setattr",
    "keyctl",
    "add_key",
    "request_key",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "quotactl_fd",
    "open_by_handle_at",
    "name_to_handle_at",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "syslog",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "kcmp",
    "lookup_dcookie",
    "vmsplice",
    "pidfd_getfd",
    "fanotify_init",
    "iopl",
    "ioperm",
    "nfsservctl",
    "vhangup",
};

constexpr std::uint64_t namespaceFlags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                            CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};

bool denyCalls(scmp_filter_ctx context, Confined whom)
{
    for (const char *name : denied) {
        const bool mayEnter = whom == Confined::Daemon || whom == Confined::ForkServer;
        if (mayEnter && std::strcmp(name, "setns") == 0)
            continue;
        const int number = seccomp_syscall_resolve_name(name);
        if (number != __NR_SCMP_ERROR && seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), number, 0) != 0)
            return false;
    }
    if (whom == Confined::Daemon
        && seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(setns), 1, SCMP_A1(SCMP_CMP_NE, CLONE_NEWUSER))
            != 0)
        return false;
    return seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

bool denyArguments(scmp_filter_ctx context)
{
    for (const std::uint64_t flag : namespaceFlags) {
        if (seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag))
            != 0)
            return false;
    }
    // The kernel looks at 32 bits of an ioctl's number: so must the filter, or high bits would slip it past.
    for (const std::uint64_t request : {std::uint64_t{TIOCSTI}, std::uint64_t{TIOCLINUX}}) {
        if (seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                             SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, request))
            != 0)
            return false;
    }
    // Asking for the personality stays allowed; changing it (no address randomisation, for one) does not.
    return seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(personality), 1, SCMP_A0(SCMP_CMP_NE, 0xFFFFFFFFU))
        == 0;
}

/// Only UNIX, INET, INET6 and NETLINK. Others are not all namespaced: vsock reaches the hypervisor of a virtual
/// machine.
bool denySocketFamilies(scmp_filter_ctx context)
{
    const auto allowed = [](unsigned family) {
        return family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
    };
    for (unsigned family = 0; family <= AF_NETLINK; ++family) {
        if (!allowed(family)
            && seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                SCMP_A0(SCMP_CMP_EQ, family))
                != 0)
            return false;
    }
    return seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                            SCMP_A0(SCMP_CMP_GT, static_cast<scmp_datum_t>(AF_NETLINK)))
        == 0;
}

constexpr const char *seemToWork[] = {
    "chown",    "fchown",   "lchown",    "fchownat",  "setuid",    "setgid",
    "setreuid", "setregid", "setresuid", "setresgid", "setgroups",
};

/// An error number of 0 is success without the call. It takes nothing back that another filter denies.
bool pretendRoot(scmp_filter_ctx context)
{
    constexpr auto success = SCMP_ACT_ERRNO(0);
    for (const char *name : seemToWork) {
        const int number = seccomp_syscall_resolve_name(name);
        if (number != __NR_SCMP_ERROR && seccomp_rule_add(context, success, number, 0) != 0)
            return false;
    }
    for (const std::uint64_t device : {std::uint64_t{S_IFCHR}, std::uint64_t{S_IFBLK}}) {
        if (seccomp_rule_add(context, success, SCMP_SYS(mknod), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, S_IFMT, device)) != 0
            || seccomp_rule_add(context, success, SCMP_SYS(mknodat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, S_IFMT, device))
                != 0)
            return false;
    }
    return true;
}

} // namespace

Result<SyscallFilter> SyscallFilter::compile(Confined whom)
{
    const Context context(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
    const bool built = context && seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) == 0
        && denyCalls(context.get(), whom) && denyArguments(context.get()) && denySocketFamilies(context.get())
        && (whom != Confined::Root || pretendRoot(context.get()));
    const UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
    if (!built || !file || seccomp_export_bpf(context.get(), file.get()) != 0)
        return failure(Error::Kind::Local, "the system call filter cannot be built");
    const off_t size = lseek(file.get(), 0, SEEK_END);
    SyscallFilter filter;
    filter.m_program.resize(static_cast<std::size_t>(size) / sizeof(sock_filter));
    const auto bytes = filter.m_program.size() * sizeof(sock_filter);
    if (filter.m_program.empty() || pread(file.get(), filter.m_program.data(), bytes, 0) != static_cast<ssize_t>(bytes))
        return failure(Error::Kind::Local, "the system call filter cannot be read back");
    return filter;
}

std::string SyscallFilter::bytes() const
{
    return {reinterpret_cast<const char *>(m_program.data()), m_program.size() * sizeof(sock_filter)};
}

Result<UniqueFd> SyscallFilter::toFile() const
{
    UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
    const std::string program = bytes();
    if (!file || pwrite(file.get(), program.data(), program.size(), 0) != static_cast<ssize_t>(program.size()))
        return failure(Error::Kind::Local,
                       std::string("the system call filter cannot be kept: ") + std::strerror(errno));
    return file;
}

bool SyscallFilter::install() const
{
    const sock_fprog program{static_cast<unsigned short>(m_program.size()),
                             const_cast<sock_filter *>(m_program.data())};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

bool keepAdministration()
{
    static_assert(CAP_SYS_ADMIN < 32);
    return dropCapabilities(1U << CAP_SYS_ADMIN)
        && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0) == 0;
}

} // namespace sandglass::engine
