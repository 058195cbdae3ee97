#include "services/engine/sandboxd/processlimits.h"

#include "services/core/uniquefd.h"

#include <algorithm>
#include <fcntl.h>
#include <sched.h>
#include <string_view>
#include <unistd.h>

namespace sandglass::engine {
namespace {

constexpr rlim_t dataSlackBytes = 256U << 20; // thread stacks and allocator arenas are reserved, not used

rlim_t megabytes(int count)
{
    return static_cast<rlim_t>(count) << 20;
}

} // namespace

std::vector<std::pair<int, rlim_t>> processLimits(const DaemonLimits &limits)
{
    return {
        {RLIMIT_CORE, 0},
        {RLIMIT_NPROC, static_cast<rlim_t>(limits.maxProcesses)},
        {RLIMIT_NOFILE, static_cast<rlim_t>(limits.maxOpenFiles)},
        {RLIMIT_DATA, megabytes(limits.memoryMb) + dataSlackBytes},
        {RLIMIT_FSIZE, megabytes(limits.diskMb)},
    };
}

std::vector<int> processorsFor(const DaemonLimits &limits)
{
    cpu_set_t usable;
    if (sched_getaffinity(0, sizeof usable, &usable) != 0)
        return {};
    std::vector<int> all;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &usable))
            all.push_back(cpu);
    }
    std::vector<int> chosen;
    for (int i = 0; i < limits.vcpuCount && !all.empty(); ++i) {
        const int cpu = all[static_cast<std::size_t>(limits.firstCpu + i) % all.size()];
        if (std::find(chosen.begin(), chosen.end(), cpu) == chosen.end())
            chosen.push_back(cpu);
    }
    return chosen;
}

bool offerToOomKiller()
{
    constexpr std::string_view score = "500";
    const UniqueFd file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    return file && write(file.get(), score.data(), score.size()) == static_cast<ssize_t>(score.size());
}

} // namespace sandglass::engine
