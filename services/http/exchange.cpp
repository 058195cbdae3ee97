#include "services/http/exchange.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace sandglass::http {

Gate::Place Gate::place() const
{
    const std::lock_guard lock(m_mutex);
    if (!m_io)
        return Place::ServerGone;
    return m_io->get_executor().running_in_this_thread() ? Place::ServerThread : Place::OtherThread;
}

bool Gate::post(std::function<void()> work) const
{
    const std::lock_guard lock(m_mutex);
    if (m_io)
        boost::asio::post(*m_io, std::move(work));
    return m_io != nullptr;
}

void Gate::close()
{
    const std::lock_guard lock(m_mutex);
    m_io = nullptr;
}

void Channel::submit(std::uint64_t request, Step step)
{
    const Gate::Place place = m_gate->place();
    if (place == Gate::Place::ServerGone)
        return discard();
    {
        const std::lock_guard lock(m_mutex);
        if (const auto *chunk = std::get_if<StreamChunk>(&step)) {
            m_inboxBytes += chunk->bytes.size();
            if (!isDrained())
                m_wasFull = true;
        }
        m_inbox.push_back({request, std::move(step)});
        if (m_isDraining)
            return; // whoever drains takes this one too: order stays the order of the calls
        m_isDraining = true;
    }
    if (place == Gate::Place::ServerThread)
        drain();
    else if (!m_gate->post([self = shared_from_this()] { self->drain(); }))
        discard();
}

void Channel::discard()
{
    std::vector<Entry> dropped; // destroyed after the lock is gone: entries may own exchanges
    const std::lock_guard lock(m_mutex);
    dropped.swap(m_inbox);
    m_inboxBytes = 0;
    m_isDraining = false;
}

void Channel::drain()
{
    const auto self = shared_from_this(); // a step may drop the last exchange
    for (;;) {
        {
            const std::lock_guard lock(m_mutex);
            if (m_inbox.empty()) {
                m_isDraining = false;
                return;
            }
            m_batch.swap(m_inbox);
        }
        for (Entry &entry : m_batch)
            deliver(entry);
        m_batch.clear();
        if (m_taker)
            m_taker->checkDrained();
    }
}

void Channel::deliver(Entry &entry)
{
    if (const auto *chunk = std::get_if<StreamChunk>(&entry.step))
        m_inboxBytes -= std::min(chunk->bytes.size(), m_inboxBytes.load()); // 0 after discard()
    if (entry.request != m_current)
        return;
    if (m_taker)
        m_taker->take(std::move(entry.step));
    else if (const auto *closed = std::get_if<ClosedCallback>(&entry.step); closed && closed->call)
        closed->call(); // asked for after the peer had gone
}

ChannelExchange::~ChannelExchange()
{
    if (!m_isAnswered || m_isTunnel)
        m_channel->submit(m_request, Dropped{});
}

void ChannelExchange::respond(Response response)
{
    if (!m_isAnswered.exchange(true))
        m_channel->submit(m_request, std::move(response));
}

void ChannelExchange::startStream(int status, Headers headers, std::string first)
{
    m_channel->submit(m_request, StreamHead{status, std::move(headers), std::move(first)});
}

void ChannelExchange::write(std::string chunk)
{
    if (!chunk.empty()) // an empty chunk would end the body
        m_channel->submit(m_request, StreamChunk{std::move(chunk)});
}

void ChannelExchange::finish(std::string last)
{
    if (!m_isAnswered.exchange(true))
        m_channel->submit(m_request, StreamEnd{std::move(last)});
}

void ChannelExchange::openTunnel(std::shared_ptr<TunnelEnd> end)
{
    m_isTunnel = true;
    m_channel->submit(m_request, TunnelStart{std::move(end)});
}

void ChannelExchange::resumeTunnel()
{
    m_channel->submit(m_request, TunnelResumed{});
}

void ChannelExchange::onDrained(std::function<void()> callback)
{
    m_channel->submit(m_request, DrainedCallback{std::move(callback)});
}

void ChannelExchange::onClosed(std::function<void()> callback)
{
    m_channel->submit(m_request, ClosedCallback{std::move(callback)});
}

} // namespace sandglass::http
