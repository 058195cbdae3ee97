#include "tests/app/fakeclock.h"

#include <atomic>
#include <ctime>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

std::atomic<std::int64_t> shiftNs = 0;

std::int64_t shiftedNs(clockid_t clock)
{
    timespec time{};
    ::syscall(SYS_clock_gettime, clock, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec + shiftNs.load(std::memory_order_relaxed);
}

} // namespace

// In the place of the C library's: all libraries of this process come here.
extern "C" {

int clock_gettime(clockid_t clock, timespec *result) noexcept
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return static_cast<int>(::syscall(SYS_clock_gettime, clock, result));
    const std::int64_t now = shiftedNs(clock);
    *result = {now / 1'000'000'000, now % 1'000'000'000};
    return 0;
}

int gettimeofday(timeval *result, void *) noexcept
{
    const std::int64_t now = shiftedNs(CLOCK_REALTIME);
    *result = {now / 1'000'000'000, now % 1'000'000'000 / 1'000};
    return 0;
}

time_t time(time_t *result) noexcept
{
    const time_t now = shiftedNs(CLOCK_REALTIME) / 1'000'000'000;
    if (result != nullptr)
        *result = now;
    return now;
}
}

namespace sandglass::test {

void startClockAt(Timestamp time)
{
    shiftNs = 0;
    shiftNs = (time - systemNow()).count();
}

} // namespace sandglass::test
