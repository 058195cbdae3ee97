#include "services/engine/api/streampace.h"

#include <boost/asio/io_context.hpp>

#include <utility>

namespace sandglass::engine {

namespace {

constexpr std::size_t kMostPending = 1U << 20;

} // namespace

StreamPace::StreamPace(boost::asio::io_context &io, std::shared_ptr<http::Exchange> exchange)
    : m_exchange(std::move(exchange)), m_silence(io), m_deadline(io)
{}

void StreamPace::start(Rules rules)
{
    m_rules = std::move(rules);
    wrote();
    armDeadline();
}

void StreamPace::wrote()
{
    if (!m_exchange)
        return;
    m_silence.expires_after(m_rules.times.keepalive);
    m_silence.async_wait([weak = weak_from_this()](const boost::system::error_code &error) {
        const auto self = weak.lock();
        if (error || !self || !self->m_exchange)
            return;
        self->m_exchange->write(self->m_rules.keepalive);
        self->wrote();
    });
}

void StreamPace::armDeadline()
{
    if (!m_exchange || m_rules.times.limit.count() == 0)
        return;
    m_deadline.expires_after(m_rules.times.limit);
    m_deadline.async_wait([weak = weak_from_this()](const boost::system::error_code &error) {
        const auto self = weak.lock();
        if (error || !self || !self->m_exchange)
            return;
        const auto onTimeout = self->m_rules.onTimeout; // which stops this
        onTimeout();
    });
}

bool StreamPace::isFull()
{
    if (!m_exchange || m_exchange->pendingBytes() < kMostPending)
        return false;
    if (!std::exchange(m_isWaitingForDrain, true)) {
        m_exchange->onDrained([weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self || !self->m_exchange)
                return;
            self->m_isWaitingForDrain = false;
            const auto onDrained = self->m_rules.onDrained;
            onDrained();
        });
    }
    return true;
}

void StreamPace::stop()
{
    m_silence.cancel();
    m_deadline.cancel();
    m_exchange.reset();
}

} // namespace sandglass::engine
