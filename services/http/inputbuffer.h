#pragma once

#include <cstddef>
#include <cstring>
#include <memory>

namespace sandglass::http {

/// Bytes read and not parsed yet. Unlike Beast's buffers, consume() may be called while a read into space() is under
/// way: nothing moves before the next makeSpace().
class InputBuffer final
{
public:
    [[nodiscard]] const char *data() const { return m_bytes.get() + m_begin; }
    [[nodiscard]] std::size_t size() const { return m_end - m_begin; }
    void consume(std::size_t count) { m_begin += count; }
    void clear() { m_begin = m_end; }

    /// Room for at least `count` more bytes behind what is kept.
    void makeSpace(std::size_t count)
    {
        if (m_begin == m_end)
            m_begin = m_end = 0;
        if (m_capacity - m_end >= count)
            return;
        if (m_capacity - size() >= count) {
            std::memmove(m_bytes.get(), data(), size());
        } else {
            const std::size_t capacity = size() + count;
            std::unique_ptr<char[]> bytes(new char[capacity]); // not zeroed: make_unique would
            if (size() > 0)
                std::memcpy(bytes.get(), data(), size());
            m_bytes = std::move(bytes);
            m_capacity = capacity;
        }
        m_end = size();
        m_begin = 0;
    }
    [[nodiscard]] char *space() { return m_bytes.get() + m_end; }
    [[nodiscard]] std::size_t spaceSize() const { return m_capacity - m_end; }
    void commit(std::size_t count) { m_end += count; }

    /// Gives the memory of a large body back; call with an empty buffer and no read under way.
    void release()
    {
        m_bytes.reset();
        m_begin = m_end = m_capacity = 0;
    }
    [[nodiscard]] std::size_t capacity() const { return m_capacity; }

private:
    std::unique_ptr<char[]> m_bytes;
    std::size_t m_begin = 0;
    std::size_t m_end = 0;
    std::size_t m_capacity = 0;
};

} // namespace sandglass::http
