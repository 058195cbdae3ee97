#pragma once

#include "services/engine/api/streampace.h"
#include "services/engine/api/watchfeed.h"

#include <memory>

namespace sandglass::engine {

/// One WatchDir call: the events of a directory as Connect envelopes, with keepalives and the caller's time limit,
/// until the caller leaves. io thread only.
class WatchStream final : public std::enable_shared_from_this<WatchStream>
{
public:
    WatchStream(boost::asio::io_context &io, const http::RequestHead &request,
                std::shared_ptr<http::Exchange> exchange);

    void follow(UniqueFd pipe);
    void refuse(const Error &error); ///< instead of follow()

private:
    void send(const Json &message);
    void close(const Error &error);
    void detach();

    boost::asio::io_context &m_io;
    std::shared_ptr<http::Exchange> m_exchange;
    std::shared_ptr<WatchFeed> m_feed;
    StreamTimes m_times;
    std::shared_ptr<StreamPace> m_pace;
    bool m_closed = false;
};

} // namespace sandglass::engine
