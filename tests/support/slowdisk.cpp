#include "tests/support/slowdisk.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace sandglass::test::slowdisk {

namespace {

std::atomic<int> delayMs = 0, begun = 0, begunWatched = 0;
std::atomic<long> watched = 0;

void takeTime()
{
    ++begun;
    if (::syscall(SYS_gettid) == watched)
        ++begunWatched;
    std::this_thread::sleep_for(std::chrono::milliseconds(delayMs));
}

} // namespace

void setDelay(std::chrono::milliseconds delay)
{
    delayMs = static_cast<int>(delay.count());
}

int syncs()
{
    return begun;
}

void watchThisThread()
{
    watched = ::syscall(SYS_gettid);
}

int syncsOfWatchedThread()
{
    return begunWatched;
}

} // namespace sandglass::test::slowdisk

extern "C" int fdatasync(int fd)
{
    sandglass::test::slowdisk::takeTime();
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

extern "C" int fsync(int fd)
{
    sandglass::test::slowdisk::takeTime();
    return static_cast<int>(::syscall(SYS_fsync, fd));
}
