#include "services/engine/api/watchfeed.h"

#include "services/engine/api/filesystemservice.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <utility>

namespace sandglass::engine {

namespace {

constexpr std::size_t kLongestLine = 256U << 10; ///< two paths of 4 kB, escaped, and some; more is no watcher of ours

Json eventFrom(const Json &line)
{
    constexpr std::array kTypes{"CREATE", "WRITE", "REMOVE", "RENAME", "CHMOD"};
    const std::string type = stringOr(line, "type");
    if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end())
        return nullptr;
    Json event{{"name", stringOr(line, "name")}, {"type", "EVENT_TYPE_" + type}};
    if (const Json &entry = memberOr(line, "entry"); entry.is_object())
        event["entry"] = entryJson(fileEntryFrom(entry));
    return event;
}

} // namespace

WatchFeed::WatchFeed(boost::asio::io_context &io, UniqueFd pipe, Callbacks callbacks)
    : m_pipe(io, pipe.release()), m_callbacks(std::move(callbacks))
{}

void WatchFeed::read()
{
    if (m_stopped || m_reading || m_callbacks.isFull())
        return;
    m_reading = true;
    m_pipe.async_read_some(boost::asio::buffer(m_buffer),
                           [self = shared_from_this()](const boost::system::error_code &error, std::size_t count) {
                               self->m_reading = false;
                               if (self->m_stopped)
                                   return;
                               if (error)
                                   return self->end();
                               self->take({self->m_buffer.data(), count});
                               self->read();
                           });
}

void WatchFeed::take(std::string_view bytes)
{
    m_pending.append(bytes);
    std::size_t begin = 0;
    for (auto end = m_pending.find('\n'); end != std::string::npos && !m_stopped; end = m_pending.find('\n', begin)) {
        const auto line = parseJson(std::string_view(m_pending).substr(begin, end - begin));
        begin = end + 1;
        if (Json event = eventFrom(line ? *line : Json()); !event.is_null())
            m_callbacks.onEvent(std::move(event));
    }
    m_pending.erase(0, begin);
    if (m_pending.size() > kLongestLine)
        end();
}

void WatchFeed::end()
{
    const auto onEnded = m_callbacks.onEnded;
    stop();
    onEnded();
}

void WatchFeed::stop()
{
    if (std::exchange(m_stopped, true))
        return;
    boost::system::error_code ignored;
    m_pipe.close(ignored);
}

} // namespace sandglass::engine
