#include "services/refine/diff.h"

#include <algorithm>

namespace sandglass::refine {
namespace {

using Lines = std::vector<std::string_view>;

constexpr int mostEdits = 1000;

Lines split(std::string_view text)
{
    Lines lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

DiffLine make(DiffLine::Kind kind, std::string_view text)
{
    return {kind, std::string(text)};
}

/// Furthest points per diagonal for each number of edits; empty when more than mostEdits are needed.
std::vector<std::vector<int>> search(const Lines &a, const Lines &b)
{
    const int n = static_cast<int>(a.size());
    const int m = static_cast<int>(b.size());
    std::vector<std::vector<int>> trace;
    std::vector<int> previous{0, 0, 0}; // diagonals -1 … 1
    for (int d = 0; d <= std::min(n + m, mostEdits); ++d) {
        // `previous` covers diagonals -d-1 … d+1, so that k - 1 and k + 1 always exist.
        std::vector<int> next(static_cast<std::size_t>(2 * d + 5), 0);
        const auto old = [&previous, d](int k) -> int { return previous[static_cast<std::size_t>(k + d + 1)]; };
        bool isDone = false;
        for (int k = -d; k <= d && !isDone; k += 2) {
            int x = d == 0 ? 0 : (k == -d || (k != d && old(k - 1) < old(k + 1))) ? old(k + 1) : old(k - 1) + 1;
            while (x < n && x - k < m && x - k >= 0
                   && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(x - k)])
                ++x;
            next[static_cast<std::size_t>(k + d + 2)] = x;
            isDone = x >= n && x - k >= m;
        }
        trace.push_back(next);
        if (isDone)
            return trace;
        previous = std::move(next);
    }
    return {};
}

std::vector<DiffLine> replaced(const Lines &a, const Lines &b)
{
    std::vector<DiffLine> script;
    for (const auto line : a)
        script.push_back(make(DiffLine::Kind::Removed, line));
    for (const auto line : b)
        script.push_back(make(DiffLine::Kind::Added, line));
    return script;
}

std::vector<DiffLine> shortestScript(const Lines &a, const Lines &b)
{
    const auto trace = search(a, b);
    if (trace.empty())
        return replaced(a, b);
    std::vector<DiffLine> script;
    int x = static_cast<int>(a.size());
    int y = static_cast<int>(b.size());
    for (int d = static_cast<int>(trace.size()) - 1; d > 0; --d) {
        const auto &furthest = trace[static_cast<std::size_t>(d - 1)];
        const auto at = [&furthest, d](int k) { return furthest[static_cast<std::size_t>(k + d + 1)]; };
        const int k = x - y;
        const bool isInsert = k == -d || (k != d && at(k - 1) < at(k + 1));
        const int startX = at(isInsert ? k + 1 : k - 1);
        const int startY = startX - (isInsert ? k + 1 : k - 1);
        while (x > startX + (isInsert ? 0 : 1) && y > startY + (isInsert ? 1 : 0)) {
            --y;
            script.push_back(make(DiffLine::Kind::Same, a[static_cast<std::size_t>(--x)]));
        }
        script.push_back(isInsert ? make(DiffLine::Kind::Added, b[static_cast<std::size_t>(startY)])
                                  : make(DiffLine::Kind::Removed, a[static_cast<std::size_t>(startX)]));
        x = startX;
        y = startY;
    }
    while (x > 0)
        script.push_back(make(DiffLine::Kind::Same, a[static_cast<std::size_t>(--x)]));
    std::ranges::reverse(script);
    return script;
}

/// Stretches of the script around changes, [from, to), merged where their contexts touch.
std::vector<std::pair<std::size_t, std::size_t>> stretches(const std::vector<DiffLine> &script, std::size_t context)
{
    std::vector<std::pair<std::size_t, std::size_t>> result;
    for (std::size_t i = 0; i < script.size(); ++i) {
        if (script[i].kind == DiffLine::Kind::Same)
            continue;
        const std::size_t from = i - std::min(i, context);
        const std::size_t to = std::min(i + context + 1, script.size());
        if (!result.empty() && from <= result.back().second)
            result.back().second = to;
        else
            result.emplace_back(from, to);
    }
    return result;
}

void addHunks(LineDiff &diff, const std::vector<DiffLine> &script, std::size_t context)
{
    const auto parts = stretches(script, context);
    auto part = parts.begin();
    int oldLine = 1;
    int newLine = 1;
    for (std::size_t i = 0; i < script.size() && part != parts.end(); ++i) {
        const int old = script[i].kind != DiffLine::Kind::Added;
        const int fresh = script[i].kind != DiffLine::Kind::Removed;
        if (i == part->first)
            diff.hunks.push_back({oldLine, 0, newLine, 0, {}});
        if (i >= part->first) {
            DiffHunk &hunk = diff.hunks.back();
            hunk.oldCount += old;
            hunk.newCount += fresh;
            hunk.lines.push_back(script[i]);
        }
        if (i + 1 == part->second)
            ++part;
        oldLine += old;
        newLine += fresh;
    }
}

} // namespace

std::string LineDiff::unified() const
{
    std::string text;
    for (const DiffHunk &hunk : hunks) {
        text += "@@ -" + std::to_string(hunk.oldStart) + "," + std::to_string(hunk.oldCount) + " +"
            + std::to_string(hunk.newStart) + "," + std::to_string(hunk.newCount) + " @@\n";
        for (const DiffLine &line : hunk.lines) {
            text += line.kind == DiffLine::Kind::Same ? ' ' : line.kind == DiffLine::Kind::Added ? '+' : '-';
            (text += line.text) += '\n';
        }
    }
    return text;
}

LineDiff diffLines(std::string_view before, std::string_view after, int context)
{
    const Lines a = split(before);
    const Lines b = split(after);
    // The common beginning and end need no search, and most edits are small.
    const auto start = std::ranges::mismatch(a, b).in1 - a.begin();
    const auto most = static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())) - start;
    std::ptrdiff_t end = 0;
    while (end < most
           && a[a.size() - 1 - static_cast<std::size_t>(end)] == b[b.size() - 1 - static_cast<std::size_t>(end)])
        ++end;
    std::vector<DiffLine> script;
    for (auto it = a.begin(); it != a.begin() + start; ++it)
        script.push_back(make(DiffLine::Kind::Same, *it));
    const auto middle =
        shortestScript(Lines(a.begin() + start, a.end() - end), Lines(b.begin() + start, b.end() - end));
    script.insert(script.end(), middle.begin(), middle.end());
    for (auto it = a.end() - end; it != a.end(); ++it)
        script.push_back(make(DiffLine::Kind::Same, *it));
    LineDiff diff;
    diff.added = static_cast<int>(std::ranges::count(script, DiffLine::Kind::Added, &DiffLine::kind));
    diff.removed = static_cast<int>(std::ranges::count(script, DiffLine::Kind::Removed, &DiffLine::kind));
    addHunks(diff, script, static_cast<std::size_t>(std::max(0, context)));
    return diff;
}

} // namespace sandglass::refine
