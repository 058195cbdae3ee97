#pragma once

#include "services/core/mailbox.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace sandglass::bench {

/// How long an event waits for the UI thread, as a key press would: one every 2 ms, also while it is waits.
class StallWatch final
{
public:
    StallWatch() : m_thread([this] { beat(); }) {}
    ~StallWatch()
    {
        m_isOver = true;
        m_thread.join();
    }
    void setOn(bool on) { m_isOn = on; }
    [[nodiscard]] std::vector<double> take() { return std::exchange(m_waitsMs, {}); }

private:
    void beat()
    {
        for (auto due = std::chrono::steady_clock::now(); !m_isOver; due += std::chrono::milliseconds(2)) {
            std::this_thread::sleep_until(due);
            if (!m_isOn)
                continue;
            m_inbox.post([this, sent = std::chrono::steady_clock::now()] {
                m_waitsMs.push_back(
                    std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - sent).count());
            });
        }
    }

    Mailbox m_inbox;
    std::vector<double> m_waitsMs;
    std::atomic<bool> m_isOn = false;
    std::atomic<bool> m_isOver = false;
    std::thread m_thread; ///< last: uses the rest
};

inline double quantile(std::vector<double> &values, double share)
{
    std::ranges::sort(values);
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    return values.empty() ? 0 : values[std::min(values.size() - 1, at)];
}

} // namespace sandglass::bench
