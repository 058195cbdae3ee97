#pragma once

#include "services/engine/api/watchfeed.h"
#include "services/engine/broker/sandbox.h"
#include "services/http/server.h"

#include <deque>
#include <map>
#include <memory>
#include <string>

namespace sandglass::engine {

/// The watchers of one sandbox that are asked for their events, as the synchronous Python SDK does. io thread only.
class PolledWatchers final : public std::enable_shared_from_this<PolledWatchers>
{
public:
    ~PolledWatchers();

    [[nodiscard]] Result<std::string> add(boost::asio::io_context &io, UniqueFd pipe); ///< its id
    [[nodiscard]] Result<Json> takeEvents(const std::string &id);                      ///< an array
    [[nodiscard]] Result<> remove(const std::string &id);

private:
    struct Watcher
    {
        std::shared_ptr<WatchFeed> feed;
        std::deque<Json> events;
    };
    std::map<std::string, std::shared_ptr<Watcher>> m_watchers;
};

[[nodiscard]] bool isWatchMethod(const std::string &method);

/// WatchDir (a Connect stream), CreateWatcher, GetWatcherEvents and RemoveWatcher of envd's filesystem service.
void serveWatch(boost::asio::io_context &io, const std::shared_ptr<Sandbox> &sandbox,
                const std::shared_ptr<PolledWatchers> &watchers, const std::string &method,
                const http::Request &request, const std::shared_ptr<http::Exchange> &exchange);

} // namespace sandglass::engine
