#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <sys/types.h>

namespace sandglass::engine {

/// Keeps the memory of all processes of the sandbox below a limit where no cgroup does it: sums what its
/// processes hold and kills the biggest. Looks often only while something grows; an idle sandbox costs next to nothing.
class Watchdog final
{
public:
    explicit Watchdog(std::int64_t limitBytes) : m_limitBytes(limitBytes) {}

    /// Looks now when it is time; gives the process it killed.
    [[nodiscard]] std::optional<pid_t> look();
    /// A process was started: look soon.
    void wake();
    /// For epoll_wait: -1 when there is nothing to watch.
    [[nodiscard]] int millisecondsToNextLook() const;
    void setPaused(bool paused) { m_paused = paused; }
    [[nodiscard]] std::int64_t lastSum() const { return m_lastSum; }

private:
    using SteadyClock = std::chrono::steady_clock;

    std::int64_t m_limitBytes;
    std::int64_t m_lastSum = 0;
    std::chrono::milliseconds m_interval{0};
    SteadyClock::time_point m_next{};
    bool m_watching = false;
    bool m_paused = false;
};

} // namespace sandglass::engine
