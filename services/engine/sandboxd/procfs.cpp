#include "services/engine/sandboxd/procfs.h"

#include "services/core/uniquefd.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <unistd.h>

namespace sandglass::engine {
namespace {

/// Reads a small file of /proc in one go; empty when the process has gone meanwhile.
std::string readSmall(const std::string &path)
{
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
        return {};
    std::array<char, 1024> buffer{};
    const ssize_t n = read(file.get(), buffer.data(), buffer.size());
    return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : std::string();
}

std::vector<pid_t> allPids()
{
    std::vector<pid_t> pids;
    const std::unique_ptr<DIR, int (*)(DIR *)> directory(opendir("/proc"), closedir);
    if (!directory)
        return pids;
    while (const dirent *entry = readdir(directory.get())) {
        char *end = nullptr;
        const long pid = std::strtol(entry->d_name, &end, 10);
        if (pid > 0 && *end == '\0')
            pids.push_back(static_cast<pid_t>(pid));
    }
    return pids;
}

/// The fields of /proc/PID/stat after the command, which may hold blanks and brackets itself.
std::string statFields(pid_t pid)
{
    const std::string text = readSmall("/proc/" + std::to_string(pid) + "/stat");
    const auto bracket = text.rfind(')');
    return bracket == std::string::npos ? std::string() : text.substr(bracket + 1);
}

} // namespace

std::vector<ProcessSample> sampleProcesses()
{
    static const std::int64_t pageBytes = sysconf(_SC_PAGESIZE);
    std::vector<ProcessSample> samples;
    for (const pid_t pid : allPids()) {
        if (pid == 1)
            continue;
        const std::string text = readSmall("/proc/" + std::to_string(pid) + "/statm");
        long size = 0;
        long resident = 0;
        if (std::sscanf(text.c_str(), "%ld %ld", &size, &resident) == 2)
            samples.push_back({pid, resident * pageBytes});
    }
    return samples;
}

void countShares(std::vector<ProcessSample> &samples)
{
    for (ProcessSample &sample : samples) {
        const std::string text = readSmall("/proc/" + std::to_string(sample.pid) + "/smaps_rollup");
        const auto line = text.find("\nPss:");
        long kilobytes = 0;
        if (line != std::string::npos && std::sscanf(text.c_str() + line, "\nPss: %ld kB", &kilobytes) == 1)
            sample.bytes = std::int64_t{kilobytes} << 10;
    }
}

std::int64_t cpuTicksOfNamespace()
{
    std::int64_t sum = 0;
    for (const pid_t pid : allPids()) {
        std::array<long long, 4> ticks{};
        if (std::sscanf(statFields(pid).c_str(), " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld",
                        &ticks[0], &ticks[1], &ticks[2], &ticks[3])
            == 4)
            sum += ticks[0] + ticks[1] + ticks[2] + ticks[3];
    }
    return sum;
}

std::optional<pid_t> parentOf(pid_t pid)
{
    int parent = 0;
    if (std::sscanf(statFields(pid).c_str(), " %*c %d", &parent) != 1)
        return std::nullopt;
    return parent;
}

} // namespace sandglass::engine
