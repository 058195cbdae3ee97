#include "services/engine/api/watchstream.h"

#include <boost/asio/io_context.hpp>

#include <utility>

namespace sandglass::engine {

namespace {

constexpr std::size_t kMostPending = 1U << 20;

} // namespace

WatchStream::WatchStream(boost::asio::io_context &io, const http::RequestHead &request,
                         std::shared_ptr<http::Exchange> exchange)
    : m_io(io), m_exchange(std::move(exchange)), m_keepalive(io), m_deadline(io), m_times(streamTimes(request))
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
            self->armKeepalive();
        }
    };
    callbacks.isFull = [weak] {
        const auto self = weak.lock();
        return !self || self->isFull();
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
    armKeepalive();
    armDeadline();
    m_feed->read();
}

void WatchStream::send(const Json &message)
{
    if (!m_closed)
        m_exchange->write(connectEnvelope(dumpJson(message)));
}

bool WatchStream::isFull()
{
    if (m_closed || m_exchange->pendingBytes() < kMostPending)
        return false;
    if (!std::exchange(m_waitingForDrain, true)) {
        m_exchange->onDrained([weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self)
                return;
            self->m_waitingForDrain = false;
            if (self->m_feed)
                self->m_feed->read();
        });
    }
    return true;
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
    m_keepalive.cancel();
    m_deadline.cancel();
    if (const auto feed = std::exchange(m_feed, nullptr))
        feed->stop();
}

void WatchStream::armKeepalive()
{
    m_keepalive.expires_after(m_times.keepalive);
    m_keepalive.async_wait([weak = weak_from_this()](const boost::system::error_code &error) {
        const auto self = weak.lock();
        if (error || !self || self->m_closed)
            return;
        self->send({{"keepalive", Json::object()}});
        self->armKeepalive();
    });
}

void WatchStream::armDeadline()
{
    if (m_times.limit.count() == 0)
        return;
    m_deadline.expires_after(m_times.limit);
    m_deadline.async_wait([weak = weak_from_this()](const boost::system::error_code &error) {
        const auto self = weak.lock();
        if (!error && self)
            self->close({Error::Kind::Service, 0, "the operation timed out", "deadline_exceeded"});
    });
}

} // namespace sandglass::engine
