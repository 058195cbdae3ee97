#include "models/runs/linediff.h"

#include "services/core/qtstring.h"
#include "services/refine/diff.h"

#include <QCoreApplication>

#include <algorithm>

namespace sandglass::models {

namespace {

using Kind = DiffRow::Kind;

Kind kindOf(refine::DiffLine::Kind kind)
{
    switch (kind) {
    case refine::DiffLine::Kind::Added:
        return Kind::Added;
    case refine::DiffLine::Kind::Removed:
        return Kind::Removed;
    case refine::DiffLine::Kind::Same:
        break;
    }
    return Kind::Same;
}

void appendSkipped(std::vector<DiffRow> &rows, int lines)
{
    if (lines > 0)
        rows.push_back({Kind::Skipped, QCoreApplication::translate("LineDiff", "… %n equal line(s)", nullptr, lines)});
}

int lineCount(const QString &text)
{
    return static_cast<int>(text.count(u'\n')) + (text.isEmpty() || text.endsWith(u'\n') ? 0 : 1);
}

} // namespace

std::vector<DiffRow> lineDiff(const QString &before, const QString &after)
{
    const refine::LineDiff diff = refine::diffLines(toUtf8(before), toUtf8(after));
    std::vector<DiffRow> rows;
    int shown = 0; // lines of `before` that are behind us
    for (const refine::DiffHunk &hunk : diff.hunks) {
        const int firstOld = hunk.oldStart - 1;
        appendSkipped(rows, firstOld - shown);
        for (const refine::DiffLine &line : hunk.lines)
            rows.push_back({kindOf(line.kind), toQString(line.text)});
        shown = firstOld + hunk.oldCount;
    }
    if (!rows.empty())
        appendSkipped(rows, lineCount(before) - shown);
    return rows;
}

void compareWithLast(const AttemptsModel::Rows &before, AttemptRow &attempt)
{
    const auto last =
        std::find_if(before.rbegin(), before.rend(), [](const auto &row) { return !row->code.isEmpty(); });
    if (attempt.code.isEmpty() || (last == before.rend() && !attempt.model))
        return;
    attempt.diff = lineDiff(last != before.rend() ? (*last)->code : QString(), attempt.code);
    const auto count = [&attempt](Kind kind) {
        return static_cast<int>(std::ranges::count(attempt.diff, kind, &DiffRow::kind));
    };
    attempt.added = count(Kind::Added);
    attempt.removed = count(Kind::Removed);
}

} // namespace sandglass::models
