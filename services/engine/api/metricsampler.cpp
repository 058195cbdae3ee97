#include "services/engine/api/metricsampler.h"

#include <boost/asio/io_context.hpp>

#include <utility>

namespace sandglass::engine {

MetricSampler::MetricSampler(boost::asio::io_context &io, Options options, Sandboxes sandboxes,
                             std::function<void()> sampled)
    : m_options(options), m_sandboxes(std::move(sandboxes)), m_sampled(std::move(sampled)), m_timer(io)
{
    arm();
}

MetricSampler::~MetricSampler()
{
    *m_alive = false;
}

void MetricSampler::arm()
{
    m_timer.expires_after(m_options.interval);
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
        live->sandbox->usage([this, alive = m_alive, live](const Result<ResourceUsage> &usage) {
            if (*alive)
                keep(*live, usage);
        });
    }
}

void MetricSampler::keep(LiveSandbox &live, const Result<ResourceUsage> &usage) const
{
    if (!usage)
        return;
    live.metrics.push_back({systemNow(), *usage});
    while (live.metrics.size() > m_options.maxSamples)
        live.metrics.pop_front();
}

} // namespace sandglass::engine
