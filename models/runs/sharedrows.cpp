#include "models/runs/sharedrows.h"

#include "models/runs/linediff.h"
#include "services/core/qtstring.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sandglass::models {

namespace {

using LineKind = OutputModel::Kind;
using FileKind = refine::OutputLines::Kind;
using RowVerdict = AttemptRow::Verdict;
using refine::Verdict;

// A gap is told in words by then (OutputModel::snapshot).
constexpr std::array<std::pair<LineKind, FileKind>, 4> lineKinds = {{{LineKind::Stdout, FileKind::Stdout},
                                                                     {LineKind::Stderr, FileKind::Stderr},
                                                                     {LineKind::Error, FileKind::Error},
                                                                     {LineKind::Note, FileKind::Note}}};

FileKind fileKind(LineKind kind)
{
    const auto *const found = std::ranges::find(lineKinds, kind, [](const auto &pair) { return pair.first; });
    return found != lineKinds.end() ? found->second : FileKind::Note;
}

LineKind lineKind(FileKind kind)
{
    const auto *const found = std::ranges::find(lineKinds, kind, [](const auto &pair) { return pair.second; });
    return found != lineKinds.end() ? found->first : LineKind::Note;
}

Verdict fileVerdict(RowVerdict verdict)
{
    switch (verdict) {
    case RowVerdict::Passed:
    case RowVerdict::Ran:
        return Verdict::Passed;
    case RowVerdict::CheckFailed:
        return Verdict::CheckFailed;
    case RowVerdict::Raised:
        return Verdict::Raised;
    case RowVerdict::TimedOut:
        return Verdict::TimedOut;
    case RowVerdict::Stopped:
        return Verdict::Stopped;
    case RowVerdict::Running:
    case RowVerdict::Broken:
        break;
    }
    return Verdict::Broken;
}

RowVerdict rowVerdict(const refine::SharedAttempt &attempt)
{
    switch (attempt.verdict) {
    case Verdict::Passed:
        return attempt.isChecked ? RowVerdict::Passed : RowVerdict::Ran;
    case Verdict::CheckFailed:
        return RowVerdict::CheckFailed;
    case Verdict::Raised:
        return RowVerdict::Raised;
    case Verdict::TimedOut:
        return RowVerdict::TimedOut;
    case Verdict::Stopped:
        return RowVerdict::Stopped;
    case Verdict::Broken:
        break;
    }
    return RowVerdict::Broken;
}

AttemptRow rowFrom(const refine::SharedAttempt &attempt)
{
    AttemptRow row;
    row.number = attempt.number;
    row.author = toQString(attempt.author);
    row.verdict = rowVerdict(attempt);
    row.reason = toQString(attempt.reason);
    row.duration = attempt.duration;
    row.cost = attempt.cost;
    row.model = attempt.model;
    row.code = toQString(attempt.code);
    for (const refine::OutputLines &piece : attempt.output) {
        for (const std::string &line : piece.lines)
            row.output.push_back({lineKind(piece.kind), toQString(line)});
    }
    row.results = attempt.results;
    if (attempt.error) {
        row.error = ErrorPlace{attempt.errorLine.value_or(0) - 1, toQString(attempt.error->name),
                               toQString(attempt.error->value)};
        row.traceback = toQString(attempt.error->traceback).left(AttemptRow::tracebackLimit);
    }
    row.sandboxId = toQString(attempt.sandboxId);
    row.startedAt = attempt.startedAt;
    return row;
}

} // namespace

refine::SharedAttempt sharedFrom(const AttemptRow &row)
{
    refine::SharedAttempt attempt;
    attempt.number = row.number;
    attempt.author = toUtf8(row.author);
    attempt.verdict = fileVerdict(row.verdict);
    attempt.isChecked = row.verdict == RowVerdict::Passed || row.verdict == RowVerdict::CheckFailed;
    attempt.reason = toUtf8(row.reason);
    attempt.duration = row.duration;
    attempt.cost = row.cost;
    attempt.model = row.model;
    attempt.code = toUtf8(row.code);
    for (const OutputModel::Line &line : row.output) {
        const FileKind kind = fileKind(line.kind);
        if (attempt.output.empty() || attempt.output.back().kind != kind)
            attempt.output.push_back({kind, {}});
        attempt.output.back().lines.push_back(toUtf8(line.text));
    }
    attempt.results = row.results;
    if (row.error) {
        attempt.error = e2b::ExecutionError{toUtf8(row.error->name), toUtf8(row.error->message), toUtf8(row.traceback)};
        if (row.error->line >= 0)
            attempt.errorLine = row.error->line + 1;
    }
    attempt.sandboxId = toUtf8(row.sandboxId);
    attempt.startedAt = row.startedAt;
    return attempt;
}

refine::SharedSession headFrom(const SessionContents &contents)
{
    refine::SharedSession head;
    head.title = toUtf8(contents.title);
    head.code = toUtf8(contents.code);
    head.requirement = toUtf8(contents.requirement);
    head.expectedOutput = toUtf8(contents.expectedOutput);
    head.templateId = toUtf8(contents.templateName);
    return head;
}

SessionContents contentsFrom(const refine::SharedSession &session)
{
    SessionContents contents{toQString(session.title),       toQString(session.code),
                             toQString(session.requirement), toQString(session.expectedOutput),
                             toQString(session.templateId),  {}};
    for (const refine::SharedAttempt &attempt : session.attempts) {
        AttemptRow row = rowFrom(attempt);
        compareWithLast(contents.rows, row);
        contents.rows.push_back(std::make_shared<const AttemptRow>(std::move(row)));
    }
    return contents;
}

} // namespace sandglass::models
