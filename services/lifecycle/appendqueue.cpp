#include "services/lifecycle/appendqueue.h"

#include <iterator>
#include <utility>

namespace sandglass::lifecycle {

bool AppendQueue::push(Append &item)
{
    const std::size_t bytes = item.event.raw.size();
    if (size() >= m_countLimit || (size() > 0 && m_bytes + bytes > m_byteLimit))
        return false;
    m_items.push_back(std::move(item));
    m_bytes += bytes;
    return true;
}

void AppendQueue::take(std::vector<Append> &batch, std::size_t mostEvents, std::size_t mostBytes)
{
    std::size_t bytes = 0, end = m_begin;
    while (end < m_items.size() && end - m_begin < mostEvents && bytes < mostBytes)
        bytes += m_items[end++].event.raw.size();
    m_bytes -= bytes;
    if (m_begin == 0 && end == m_items.size()) {
        batch.swap(m_items);
        return;
    }
    const auto at = [this](std::size_t place) { return m_items.begin() + static_cast<std::ptrdiff_t>(place); };
    batch.assign(std::move_iterator(at(m_begin)), std::move_iterator(at(end)));
    m_begin = end;
    if (m_begin >= m_items.size() / 2) { // so that each item moves once more at most
        m_items.erase(m_items.begin(), at(m_begin));
        m_begin = 0;
    }
}

} // namespace sandglass::lifecycle
