#pragma once

#include <chrono>

namespace sandglass::e2b {

/// When the next request to one API may go: after a 429 not before the time the service named, whichever call was
/// told; and below the service's limit of requests per window (features.md R16). One thread.
class Pacer final
{
public:
    using Time = std::chrono::steady_clock::time_point;

    /// E2B allows 20,000 requests per 30 s and team; the rest is left to the team's other programs.
    explicit Pacer(int perWindow = 18'000, std::chrono::milliseconds window = std::chrono::seconds(30));

    /// 0 = may go now, and counts as gone.
    [[nodiscard]] std::chrono::milliseconds take(Time now);
    /// The service asked to wait. A shorter wish never cuts a longer one.
    void hold(Time until);
    [[nodiscard]] Time heldUntil() const { return m_heldUntil; }

private:
    int m_perWindow;
    std::chrono::milliseconds m_window;
    Time m_windowStart{};
    int m_count = 0;
    Time m_heldUntil{};
};

} // namespace sandglass::e2b
