#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sandglass::lifecycle {

/// A Bloom filter over 64-bit hashes that are well mixed already: says of a hash that was added "perhaps", of nearly
/// any other "no", for 12 bits each. All bits of one hash lie in one line of the processor's cache.
class IdFilter final
{
public:
    explicit IdFilter(std::size_t capacity = 0) : m_capacity(capacity), m_lines(capacity * bitsEach / lineBits + 1) {}

    [[nodiscard]] std::size_t capacity() const { return m_capacity; }
    [[nodiscard]] bool isFull() const { return m_count >= m_capacity; } ///< more only make it say "perhaps" more often

    void add(std::int64_t hash)
    {
        Line &line = m_lines[lineOf(hash)];
        for (const Bit bit : bitsOf(hash))
            line[bit.word] |= bit.mask;
        ++m_count;
    }

    [[nodiscard]] bool mayHold(std::int64_t hash) const
    {
        const Line &line = m_lines[lineOf(hash)];
        for (const Bit bit : bitsOf(hash)) {
            if ((line[bit.word] & bit.mask) == 0)
                return false;
        }
        return true;
    }

private:
    static constexpr std::size_t bitsEach = 12, lineBits = 512;
    struct alignas(64) Line : std::array<std::uint64_t, 8>
    {};
    struct Bit
    {
        std::size_t word;
        std::uint64_t mask;
    };

    [[nodiscard]] std::size_t lineOf(std::int64_t hash) const
    {
        const std::uint64_t high = static_cast<std::uint64_t>(hash) >> 32;
        return static_cast<std::size_t>(high * m_lines.size() >> 32);
    }
    static std::array<Bit, 5> bitsOf(std::int64_t hash)
    {
        std::uint64_t places = static_cast<std::uint64_t>(hash) * 0x9E3779B97F4A7C15ULL; // other bits than the line's
        std::array<Bit, 5> bits{};
        for (Bit &bit : bits) {
            bit = {static_cast<std::size_t>(places >> 61), std::uint64_t{1} << (places >> 55 & 63)};
            places <<= 9;
        }
        return bits;
    }

    std::size_t m_capacity;
    std::size_t m_count = 0;
    std::vector<Line> m_lines;
};

} // namespace sandglass::lifecycle
