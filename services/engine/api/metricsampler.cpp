#include "services/engine/api/metricsampler.h"

#include <boost/asio/io_context.hpp>

#include <utility>

namespace sandglass::engine {

MetricSampler::MetricSampler(boost::asio::io_context &io, std::chrono::milliseconds interval, Sandboxes sandboxes,
                             std::function<void()> sampled)
    : m_interval(interval), m_sandboxes(std::move(sandboxes)), m_sampled(std::move(sampled)), m_timer(io)
{
    arm();
}

MetricSampler::~MetricSampler()
{
    *m_alive = false;
}

void MetricSampler::arm()
{
    m_timer.expires_after(m_interval);
    m_timer.async_wait([this, alive = m_alive](const boost::system::error_code &error) {
        if (error || !*alive)
            return;
        sampleAll();
        m_sampled();
        arm();
    });
}

void MetricSampler::sampleAll()
{
    for (const std::shared_ptr<LiveSandbox> &live : m_sandboxes()) {
        if (!live->isRunning())
            continue;
        live->sandbox->usage([alive = m_alive, live](const Result<ResourceUsage> &usage) {
            if (*alive && usage)
                live->metrics.add({systemNow(), *usage});
        });
    }
}

} // namespace sandglass::engine
