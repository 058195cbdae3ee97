#include "services/engine/api/watchstream.h"

#include <boost/asio/io_context.hpp>

#include <utility>

namespace sandglass::engine {

WatchStream::WatchStream(boost::asio::io_context &io, const http::RequestHead &request,
                         std::shared_ptr<http::Exchange> exchange)
    : m_io(io)
    , m_exchange(std::move(exchange))
    , m_times(streamTimes(request))
    , m_pace(std::make_shared<StreamPace>(io, m_exchange))
{}

void WatchStream::refuse(const Error &error)
{
    m_exchange->startStream(200, {{"Content-Type", kConnectStreamType}});
    close(error);
}

void WatchStream::follow(UniqueFd pipe)
{
    m_exchange->startStream(200, {{"Content-Type", kConnectStreamType}});
    const auto weak = weak_from_this();
    // The callback keeps this stream alive, and the stream its exchange: whichever end comes first cuts the circle.
    m_exchange->onClosed([self = shared_from_this()] {
        self->detach();
        self->m_exchange.reset();
    });
    WatchFeed::Callbacks callbacks;
    callbacks.onEvent = [weak](Json event) {
        if (const auto self = weak.lock()) {
            self->send({{"filesystem", std::move(event)}});
            self->m_pace->wrote();
        }
    };
    callbacks.isFull = [weak] {
        const auto self = weak.lock();
        return !self || self->m_pace->isFull();
    };
    callbacks.onEnded = [weak] {
        if (const auto self = weak.lock())
            self->close(
                {Error::Kind::Service, 0, "the watch has ended: the sandbox or its watcher is gone", "unavailable"});
    };
    if (m_closed)
        return;
    m_feed = std::make_shared<WatchFeed>(m_io, std::move(pipe), std::move(callbacks));
    send({{"start", Json::object()}});
    m_pace->start({m_times, connectEnvelope(dumpJson({{"keepalive", Json::object()}})),
                   [weak] {
                       if (const auto self = weak.lock())
                           self->close({Error::Kind::Service, 0, "the operation timed out", "deadline_exceeded"});
                   },
                   [weak] {
                       if (const auto self = weak.lock(); self && self->m_feed)
                           self->m_feed->read();
                   }});
    m_feed->read();
}

void WatchStream::send(const Json &message)
{
    if (!m_closed)
        m_exchange->write(connectEnvelope(dumpJson(message)));
}

void WatchStream::close(const Error &error)
{
    if (m_closed)
        return;
    detach();
    const auto exchange = std::exchange(m_exchange, nullptr);
    exchange->write(connectEnd(error));
    exchange->finish();
}

void WatchStream::detach()
{
    m_closed = true;
    m_pace->stop();
    if (const auto feed = std::exchange(m_feed, nullptr))
        feed->stop();
}

} // namespace sandglass::engine
