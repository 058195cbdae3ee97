#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sandglass::lifecycle {

/// A 64-bit hash with a fixed result on every machine: it stands in the journal's file. Each step can be undone, so
/// a change within one word of eight bytes always shows; any other goes unseen once in 2^64. Not for strangers
/// who look for collisions: whatever compares hashes compares the text as well.
class Hash64 final
{
public:
    Hash64 &add(std::uint64_t word)
    {
        m_state = (m_state ^ word) * 0x9FB21C651E98DF25ULL;
        m_state ^= m_state >> 32;
        return *this;
    }

    Hash64 &add(std::string_view bytes)
    {
        add(static_cast<std::uint64_t>(bytes.size())); // so that neighbours cannot trade bytes
        while (bytes.size() >= sizeof(std::uint64_t)) {
            add(wordOf(bytes));
            bytes.remove_prefix(sizeof(std::uint64_t));
        }
        return bytes.empty() ? *this : add(wordOf(bytes));
    }

    /// As SQLite stores it.
    [[nodiscard]] std::int64_t value() const
    {
        std::uint64_t mixed = m_state * 0xD6E8FEB86659FD93ULL;
        mixed ^= mixed >> 32;
        return static_cast<std::int64_t>(mixed);
    }

private:
    static std::uint64_t wordOf(std::string_view bytes)
    {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), bytes.size() < sizeof word ? bytes.size() : sizeof word);
        return word; // the journal is a file of little-endian machines: Debian's desktops
    }

    std::uint64_t m_state = 0x2D358DCCAA6C78A5ULL;
};

[[nodiscard]] inline std::int64_t hashOf(std::string_view text)
{
    return Hash64().add(text).value();
}

} // namespace sandglass::lifecycle
