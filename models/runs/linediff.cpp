#include "models/runs/linediff.h"

#include <QCoreApplication>
#include <QRegularExpression>
#include <QStringList>

#include <algorithm>

namespace sandglass::models {

namespace {

constexpr qsizetype context = 3;
constexpr qsizetype tableLimit = 4'000'000; // cells of the comparison table

using Kind = DiffRow::Kind;

// Longest common subsequence by the classic table; the caller has cut equal ends off.
std::vector<DiffRow> compareMiddle(const QStringList &a, const QStringList &b)
{
    std::vector<DiffRow> rows;
    const auto n = static_cast<std::size_t>(a.size());
    const auto m = static_cast<std::size_t>(b.size());
    if (a.size() * b.size() > tableLimit) {
        for (const QString &line : a)
            rows.push_back({Kind::Removed, line});
        for (const QString &line : b)
            rows.push_back({Kind::Added, line});
        return rows;
    }
    std::vector<quint16> table((n + 1) * (m + 1), 0);
    const auto cell = [&table, m](std::size_t i, std::size_t j) -> quint16 & { return table[i * (m + 1) + j]; };
    const auto same = [&](std::size_t i, std::size_t j) { return a[static_cast<qsizetype>(i)] == b[static_cast<qsizetype>(j)]; };
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t j = m; j-- > 0;)
            cell(i, j) = same(i, j) ? static_cast<quint16>(cell(i + 1, j + 1) + 1) : std::max(cell(i + 1, j), cell(i, j + 1));
    }
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < n || j < m) {
        if (i < n && j < m && same(i, j)) {
            rows.push_back({Kind::Same, a[static_cast<qsizetype>(i)]});
            ++i, ++j;
        } else if (i < n && (j == m || cell(i + 1, j) >= cell(i, j + 1))) {
            rows.push_back({Kind::Removed, a[static_cast<qsizetype>(i++)]});
        } else {
            rows.push_back({Kind::Added, b[static_cast<qsizetype>(j++)]});
        }
    }
    return rows;
}

// Long equal stretches become one line that counts them.
std::vector<DiffRow> folded(const std::vector<DiffRow> &rows)
{
    std::vector<DiffRow> result;
    const auto size = static_cast<qsizetype>(rows.size());
    for (qsizetype i = 0; i < size;) {
        qsizetype end = i;
        while (end < size && rows[static_cast<std::size_t>(end)].kind == Kind::Same)
            ++end;
        const qsizetype head = i == 0 ? 0 : context;
        const qsizetype tail = end == size ? 0 : context;
        const qsizetype hidden = end - i - head - tail;
        for (qsizetype k = i; k < end; ++k) {
            if (hidden > 1 && k == i + head) {
                result.push_back({Kind::Skipped, QCoreApplication::translate("LineDiff", "… %n equal line(s)", nullptr, static_cast<int>(hidden))});
                k += hidden - 1;
            } else {
                result.push_back(rows[static_cast<std::size_t>(k)]);
            }
        }
        for (i = end; i < size && rows[static_cast<std::size_t>(i)].kind != Kind::Same; ++i)
            result.push_back(rows[static_cast<std::size_t>(i)]);
    }
    return result;
}

QStringList linesOf(const QString &text)
{
    QStringList lines = text.split(u'\n');
    if (!lines.isEmpty() && lines.last().isEmpty())
        lines.removeLast();
    return lines;
}

} // namespace

std::vector<DiffRow> lineDiff(const QString &before, const QString &after)
{
    QStringList a = linesOf(before);
    QStringList b = linesOf(after);
    if (a == b)
        return {};
    qsizetype start = 0;
    while (start < a.size() && start < b.size() && a[start] == b[start])
        ++start;
    qsizetype end = 0;
    while (end < a.size() - start && end < b.size() - start && a[a.size() - 1 - end] == b[b.size() - 1 - end])
        ++end;
    std::vector<DiffRow> rows;
    for (qsizetype i = 0; i < start; ++i)
        rows.push_back({Kind::Same, a[i]});
    const auto middle = compareMiddle(a.mid(start, a.size() - start - end), b.mid(start, b.size() - start - end));
    rows.insert(rows.end(), middle.begin(), middle.end());
    for (qsizetype i = a.size() - end; i < a.size(); ++i)
        rows.push_back({Kind::Same, a[i]});
    return folded(rows);
}

int errorLineOf(const QString &traceback)
{
    static const QRegularExpression frame(QStringLiteral(
        R"((?:(?:Cell|Input) In ?\[\d+\]|File "?<[^>\n]*>"?|File "?/tmp/ipykernel_[^"\n,]*"?)[^\n]*?line:? (\d+))"));
    int line = -1;
    for (auto match = frame.globalMatch(withoutTerminalCodes(traceback)); match.hasNext();)
        line = match.next().captured(1).toInt() - 1;
    return line;
}

QString withoutTerminalCodes(const QString &text)
{
    static const QRegularExpression code(QStringLiteral("\x1b\\[[0-9;?]*[ -/]*[@-~]"));
    QString plain = text;
    return plain.remove(code);
}

} // namespace sandglass::models
