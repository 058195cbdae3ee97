#pragma once

#include "services/engine/api/livesandbox.h"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace sandglass::engine {

/// Takes a sample of every running sandbox at an interval. io thread only.
class MetricSampler final
{
public:
    using Sandboxes = std::function<std::vector<std::shared_ptr<LiveSandbox>>()>;

    /// `sandboxes` gives those to look at; `sampled` is called at every interval.
    MetricSampler(boost::asio::io_context &io, std::chrono::milliseconds interval, Sandboxes sandboxes,
                  std::function<void()> sampled);
    ~MetricSampler();
    MetricSampler(const MetricSampler &) = delete;
    MetricSampler &operator=(const MetricSampler &) = delete;

private:
    void arm();
    void sampleAll();

    const std::chrono::milliseconds m_interval;
    Sandboxes m_sandboxes;
    std::function<void()> m_sampled;
    boost::asio::steady_timer m_timer;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace sandglass::engine
