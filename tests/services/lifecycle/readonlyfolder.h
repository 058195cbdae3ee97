#pragma once

#include <cerrno>
#include <filesystem>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sandglass::test {

/// A folder that nobody can write while this lives: for root by a mount that only this process sees, as modes do not
/// bind it, else by its mode. Made before the threads that shall see it.
class ReadOnlyFolder final
{
public:
    explicit ReadOnlyFolder(const std::filesystem::path &folder) : m_folder(folder.string())
    {
        if (::geteuid() != 0) {
            ::chmod(m_folder.c_str(), 0500);
        } else if (isolate() && ::mount(m_folder.c_str(), m_folder.c_str(), nullptr, MS_BIND, nullptr) == 0) {
            m_isMounted = true;
            ::mount(nullptr, m_folder.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr);
        }
    }
    ~ReadOnlyFolder() { release(); }
    ReadOnlyFolder(const ReadOnlyFolder &) = delete;
    ReadOnlyFolder &operator=(const ReadOnlyFolder &) = delete;

    /// False where this machine lets root write everywhere.
    [[nodiscard]] bool isEffective() const { return ::access(m_folder.c_str(), W_OK) != 0; }
    void release()
    {
        if (std::exchange(m_isMounted, false))
            ::umount2(m_folder.c_str(), MNT_DETACH);
        else if (::geteuid() != 0)
            ::chmod(m_folder.c_str(), 0700);
    }

private:
    static bool isolate()
    {
        static const bool isAlone =
            ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
        return isAlone;
    }

    std::string m_folder;
    bool m_isMounted = false;
};

} // namespace sandglass::test
