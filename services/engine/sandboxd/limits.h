#pragma once

#include "services/core/json.h"

namespace sandglass::engine {

/// What sandglass-sandboxd is told at start by the broker, as one JSON message.
struct DaemonLimits
{
    int vcpuCount = 2;
    int memoryMb = 512;
    int diskMb = 1024;
    int maxProcesses = 256;
    int maxOpenFiles = 4096;
    int firstCpu = 0; ///< where in the list of usable processors this sandbox begins, so that sandboxes spread

    [[nodiscard]] static DaemonLimits fromJson(const Json &json)
    {
        DaemonLimits limits;
        const auto read = [&json](const char *key, int fallback) {
            return static_cast<int>(intOr(json, key, fallback));
        };
        limits.vcpuCount = read("vcpuCount", limits.vcpuCount);
        limits.memoryMb = read("memoryMb", limits.memoryMb);
        limits.diskMb = read("diskMb", limits.diskMb);
        limits.maxProcesses = read("maxProcesses", limits.maxProcesses);
        limits.maxOpenFiles = read("maxOpenFiles", limits.maxOpenFiles);
        limits.firstCpu = read("firstCpu", limits.firstCpu);
        return limits;
    }
    [[nodiscard]] Json toJson() const
    {
        return {{"vcpuCount", vcpuCount},       {"memoryMb", memoryMb},         {"diskMb", diskMb},
                {"maxProcesses", maxProcesses}, {"maxOpenFiles", maxOpenFiles}, {"firstCpu", firstCpu}};
    }
};

} // namespace sandglass::engine
