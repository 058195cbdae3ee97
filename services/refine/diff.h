#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandglass::refine {

struct DiffLine
{
    enum class Kind { Same, Added, Removed };
    Kind kind = Kind::Same;
    std::string text; ///< without its newline
    friend bool operator==(const DiffLine &, const DiffLine &) = default;
};

/// A stretch of changes with its context. Line numbers from 1, as in a unified diff.
struct DiffHunk
{
    int oldStart = 1, oldCount = 0, newStart = 1, newCount = 0;
    std::vector<DiffLine> lines;
};

struct LineDiff
{
    int added = 0;
    int removed = 0;
    std::vector<DiffHunk> hunks;
    /// "@@ -1,3 +1,4 @@" and lines with ' ', '+', '-'.
    [[nodiscard]] std::string unified() const;
};

/// Shortest line difference (Myers 1986). Texts that differ in more than a thousand lines are shown as one removal and
/// one addition of the part between their common beginning and end. A missing last newline is no difference.
[[nodiscard]] LineDiff diffLines(std::string_view before, std::string_view after, int context = 3);

} // namespace sandglass::refine
