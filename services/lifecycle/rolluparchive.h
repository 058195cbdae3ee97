#pragma once

#include "services/lifecycle/rollup.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::lifecycle {

/// Some thousand stretches of ended sandboxes, packed: what the rollups cannot say within a minute.
struct ArchiveChunk
{
    struct Entry
    {
        UsedStretch stretch;
        std::uint32_t name = 0;   ///< of the template, in `names`
        std::int64_t sandbox = 0; ///< number in the table `sandboxes`
        friend bool operator==(const Entry &, const Entry &) = default;
    };
    std::vector<std::string> names;
    std::vector<Entry> entries;

    void add(const Contribution &contribution, std::int64_t sandbox);
    void remove(std::int64_t sandbox);
    [[nodiscard]] Timestamp first() const; ///< earliest start
    [[nodiscard]] Timestamp last() const;  ///< latest end
    [[nodiscard]] std::string encode() const;
    [[nodiscard]] static std::optional<ArchiveChunk> decode(std::string_view bytes); ///< empty for damaged bytes
};

} // namespace sandglass::lifecycle
