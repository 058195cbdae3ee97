#include "services/engine/volumes/volumewatch.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sandglass::engine {

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr int kShare = 20; ///< one part of the time at most goes into adding up

} // namespace

VolumeWatch::VolumeWatch(boost::asio::io_context &io, http::IoThread &worker, Folders mounted, Measured measured)
    : m_io(io), m_worker(worker), m_mounted(std::move(mounted)), m_measured(std::move(measured)), m_timer(io)
{}

VolumeWatch::~VolumeWatch()
{
    *m_alive = false;
}

void VolumeWatch::wake()
{
    if (m_awake)
        return;
    m_awake = true;
    arm(kInterval);
}

void VolumeWatch::arm(Clock::duration rest)
{
    m_timer.expires_after(rest);
    m_timer.async_wait([this, alive = m_alive](const boost::system::error_code &error) {
        if (!error && *alive)
            measure();
    });
}

void VolumeWatch::measure()
{
    auto folders = m_mounted();
    if (folders.empty()) {
        m_awake = false;
        return;
    }
    m_worker.post([this, alive = m_alive, &io = m_io, folders = std::move(folders)] {
        const auto begin = Clock::now();
        std::map<std::string, VolumeUse> uses;
        for (const auto &[id, folder] : folders) {
            if (const auto tree = VolumeTree::open(folder))
                uses[id] = tree->use();
        }
        const auto rest = std::max<Clock::duration>(kInterval, kShare * (Clock::now() - begin));
        boost::asio::post(io, [this, alive, uses = std::move(uses), rest] {
            if (!*alive)
                return;
            m_measured(uses);
            arm(rest);
        });
    });
}

} // namespace sandglass::engine
