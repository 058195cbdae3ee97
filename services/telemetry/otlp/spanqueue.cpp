#include "services/telemetry/otlp/spanqueue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sandglass::telemetry {

SpanQueue::SpanQueue(std::size_t limit, std::size_t batch, std::function<void()> wake)
    : m_limit(limit), m_batch(std::max<std::size_t>(1, std::min(batch, limit))), m_wake(std::move(wake))
{}

void SpanQueue::take(SpanRecord record)
{
    const std::lock_guard lock(m_mutex);
    if (m_isClosed || m_waiting.size() >= m_limit) {
        ++m_dropped;
        return;
    }
    m_waiting.push_back(std::move(record));
    if (m_waiting.size() == 1 || m_waiting.size() == m_batch)
        m_wake();
}

std::vector<SpanRecord> SpanQueue::next()
{
    const std::lock_guard lock(m_mutex);
    const auto end = m_waiting.begin() + static_cast<std::ptrdiff_t>(std::min(m_batch, m_waiting.size()));
    std::vector<SpanRecord> batch(std::make_move_iterator(m_waiting.begin()), std::make_move_iterator(end));
    m_waiting.erase(m_waiting.begin(), end);
    return batch;
}

void SpanQueue::putBack(std::vector<SpanRecord> spans)
{
    const std::lock_guard lock(m_mutex);
    m_waiting.insert(m_waiting.begin(), std::make_move_iterator(spans.begin()), std::make_move_iterator(spans.end()));
    if (m_waiting.size() > m_limit) {
        m_dropped += m_waiting.size() - m_limit;
        m_waiting.erase(m_waiting.begin() + static_cast<std::ptrdiff_t>(m_limit), m_waiting.end());
    }
}

void SpanQueue::close()
{
    const std::lock_guard lock(m_mutex);
    m_isClosed = true;
    m_wake = {};
}

std::size_t SpanQueue::size() const
{
    const std::lock_guard lock(m_mutex);
    return m_waiting.size();
}

std::uint64_t SpanQueue::dropped() const
{
    const std::lock_guard lock(m_mutex);
    return m_dropped;
}

} // namespace sandglass::telemetry
