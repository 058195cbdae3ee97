#pragma once

#include "services/core/result.h"
#include "services/core/time.h"

#include <filesystem>
#include <vector>

namespace sandglass::lifecycle {

/// A stretch of time of which the provider has forgotten the events: unknown, not empty.
struct HistoryGap
{
    Timestamp from{}, to{};
    friend bool operator==(const HistoryGap &, const HistoryGap &) = default;
};

/// The stretches of time of which no provider can tell the events any more, in one small file. What they would have
/// shown is unknown, which is not nothing. One thread.
class HistoryGaps final
{
public:
    static constexpr std::size_t mostGaps = 100; ///< the oldest leave

    /// A file that is missing or damaged counts as empty.
    explicit HistoryGaps(std::filesystem::path file);

    /// Joined with those it touches. On disk when it returns without an error; in memory in any case.
    [[nodiscard]] Result<> add(HistoryGap gap);
    [[nodiscard]] const std::vector<HistoryGap> &all() const { return m_all; } ///< oldest first, apart

private:
    std::filesystem::path m_file;
    std::vector<HistoryGap> m_all;
};

/// True when all of [from, to) lies in one of `gaps`.
[[nodiscard]] bool isCovered(const std::vector<HistoryGap> &gaps, Timestamp from, Timestamp to);

} // namespace sandglass::lifecycle
