#pragma once

#include "services/core/json.h"
#include "services/core/uniquefd.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace sandglass::engine {

/// Reads the lines of Sandbox::watchDirectory and gives them on as the protocol's FilesystemEvent. io thread only.
class WatchFeed final : public std::enable_shared_from_this<WatchFeed>
{
public:
    struct Callbacks
    {
        std::function<void(Json event)> onEvent;
        std::function<bool()> isFull;  ///< true holds the watch back until read() is called again
        std::function<void()> onEnded; ///< the watch ended by itself: the sandbox is gone, or its watcher was killed
    };

    WatchFeed(boost::asio::io_context &io, UniqueFd pipe, Callbacks callbacks);
    void read();
    void stop(); ///< no callback comes any more

private:
    void take(std::string_view bytes);
    void end();

    boost::asio::posix::stream_descriptor m_pipe;
    Callbacks m_callbacks;
    std::array<char, 16384> m_buffer{};
    std::string m_pending;
    bool m_reading = false, m_stopped = false;
};

} // namespace sandglass::engine
