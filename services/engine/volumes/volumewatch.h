#pragma once

#include "services/engine/volumes/volumetree.h"
#include "services/http/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace sandglass::engine {

/// Adds up what the volumes hold that sandboxes write to: the kernel bounds a folder for nobody but root. io thread
/// only; the adding up is done on `worker`.
class VolumeWatch final
{
public:
    /// Folders by the ids of their volumes.
    using Folders = std::function<std::map<std::string, std::string>()>;
    using Measured = std::function<void(const std::map<std::string, VolumeUse> &)>;

    /// Once woken, every second, or more seldom where adding up takes long, `mounted` is asked and `measured` told. It
    /// rests again when nothing is mounted.
    VolumeWatch(boost::asio::io_context &io, http::IoThread &worker, Folders mounted, Measured measured);
    ~VolumeWatch();
    VolumeWatch(const VolumeWatch &) = delete;
    VolumeWatch &operator=(const VolumeWatch &) = delete;

    /// Something was mounted, or will be at once.
    void wake();

private:
    void arm(std::chrono::steady_clock::duration rest);
    void measure();

    boost::asio::io_context &m_io;
    http::IoThread &m_worker;
    Folders m_mounted;
    Measured m_measured;
    boost::asio::steady_timer m_timer;
    bool m_awake = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace sandglass::engine
