#pragma once

#include "services/engine/api/connect.h"
#include "services/http/server.h"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

namespace sandglass::engine {

/// What a long answer needs beside its content: a sign of life in silence, the caller's time limit, and word of when it
/// takes more than the socket does. io thread only.
class StreamPace final : public std::enable_shared_from_this<StreamPace>
{
public:
    struct Rules
    {
        StreamTimes times;
        std::string keepalive; ///< written after each silence of that time
        std::function<void()> onTimeout;
        std::function<void()> onDrained; ///< after isFull() was true: there is room again
    };

    StreamPace(boost::asio::io_context &io, std::shared_ptr<http::Exchange> exchange);

    void start(Rules rules);
    void wrote(); ///< the silence begins anew
    [[nodiscard]] bool isFull();
    void stop(); ///< nothing is written or called any more, and the exchange is let go

private:
    void armDeadline();

    std::shared_ptr<http::Exchange> m_exchange; ///< null: stopped
    boost::asio::steady_timer m_silence, m_deadline;
    Rules m_rules;
    bool m_isWaitingForDrain = false;
};

} // namespace sandglass::engine
