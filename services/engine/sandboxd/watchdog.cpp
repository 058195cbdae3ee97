#include "services/engine/sandboxd/watchdog.h"

#include "services/engine/sandboxd/procfs.h"

#include <algorithm>
#include <csignal>

namespace sandglass::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto quick = 20ms;
constexpr auto slow = 500ms;
constexpr std::int64_t notableGrowth = 4 << 20;
constexpr std::size_t manyProcesses = 48;

} // namespace

void Watchdog::wake()
{
    m_interval = quick;
    m_next = SteadyClock::now() + quick;
    m_watching = true;
}

int Watchdog::millisecondsToNextLook() const
{
    if (!m_watching || m_paused)
        return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(m_next - SteadyClock::now());
    return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

std::optional<pid_t> Watchdog::look()
{
    if (!m_watching || m_paused || SteadyClock::now() < m_next)
        return std::nullopt;
    const std::vector<ProcessSample> samples = sampleProcesses();
    std::int64_t sum = 0;
    for (const ProcessSample &sample : samples)
        sum += sample.rssBytes;
    const bool grows =
        sum > m_lastSum + notableGrowth || sum > m_limitBytes / 2 + m_limitBytes / 4 || samples.size() > manyProcesses;
    m_lastSum = sum;
    m_watching = !samples.empty();
    m_interval = grows ? quick : std::min<std::chrono::milliseconds>(m_interval * 2, slow);
    m_next = SteadyClock::now() + m_interval;
    if (sum <= m_limitBytes || samples.empty())
        return std::nullopt;
    const auto biggest = std::max_element(samples.begin(), samples.end(),
                                          [](const auto &a, const auto &b) { return a.rssBytes < b.rssBytes; });
    kill(biggest->pid, SIGKILL);
    return biggest->pid;
}

} // namespace sandglass::engine
