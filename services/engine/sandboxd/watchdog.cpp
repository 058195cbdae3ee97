#include "services/engine/sandboxd/watchdog.h"

#include "services/engine/sandboxd/procfs.h"

#include <algorithm>
#include <csignal>
#include <numeric>

namespace sandglass::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto quick = 20ms;
constexpr auto slow = 500ms;
constexpr std::int64_t notableGrowth = 4 << 20;
constexpr std::size_t manyProcesses = 48;

std::int64_t sumOf(const std::vector<ProcessSample> &samples)
{
    return std::accumulate(samples.begin(), samples.end(), std::int64_t{0},
                           [](std::int64_t sum, const ProcessSample &sample) { return sum + sample.bytes; });
}

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
    std::vector<ProcessSample> samples = sampleProcesses();
    std::int64_t sum = sumOf(samples);
    if (sum > m_limitBytes) {
        countShares(samples);
        sum = sumOf(samples);
    }
    const bool grows =
        sum > m_lastSum + notableGrowth || sum > m_limitBytes / 2 + m_limitBytes / 4 || samples.size() > manyProcesses;
    m_lastSum = sum;
    m_watching = !samples.empty();
    m_interval = grows ? quick : std::min<std::chrono::milliseconds>(m_interval * 2, slow);
    m_next = SteadyClock::now() + m_interval;
    if (sum <= m_limitBytes || samples.empty())
        return std::nullopt;
    const auto biggest = std::max_element(samples.begin(), samples.end(),
                                          [](const auto &a, const auto &b) { return a.bytes < b.bytes; });
    kill(biggest->pid, SIGKILL);
    return biggest->pid;
}

} // namespace sandglass::engine
