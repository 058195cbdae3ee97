#include "services/engine/api/teamactivity.h"

#include <algorithm>
#include <utility>

namespace sandglass::engine {

void TeamSample::raise(const TeamSample &other)
{
    concurrentSandboxes = std::max(concurrentSandboxes, other.concurrentSandboxes);
    startRate = std::max(startRate, other.startRate);
}

Json teamMetricJson(const TeamSample &sample)
{
    return {{"timestamp", formatRfc3339(sample.timestamp)},
            {"timestampUnix", toUnixMs(sample.timestamp) / 1000},
            {"concurrentSandboxes", sample.concurrentSandboxes},
            {"sandboxStartRate", sample.startRate}};
}

void TeamActivity::sample(int concurrent, Timestamp now)
{
    const double seconds = std::chrono::duration<double>(now - std::exchange(m_last, now)).count();
    const int started = std::exchange(m_started, 0);
    m_history.add({now, concurrent, seconds > 0 ? started / seconds : 0.0});
}

} // namespace sandglass::engine
