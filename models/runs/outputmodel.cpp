#include "models/runs/outputmodel.h"

#include <QStringList>

#include <algorithm>
#include <climits>
#include <iterator>

namespace sandglass::models {

using namespace std::chrono_literals;

OutputModel::OutputModel(QObject *parent, int headRows, int tailRows, int lineLimit)
    : QAbstractListModel(parent), m_headRows(headRows), m_tailRows(tailRows), m_lineLimit(lineLimit)
{
    m_batch.setSingleShot(true);
    m_batch.setInterval(40ms);
    connect(&m_batch, &QTimer::timeout, this, &OutputModel::flush);
}

int OutputModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant OutputModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Line &row = line(index.row());
    switch (role) {
    case TextRole:
        return row.kind == Kind::Gap
            ? tr("… %n line(s) left out …", nullptr, static_cast<int>(std::min<std::int64_t>(m_leftOut, INT_MAX)))
            : row.text;
    case KindRole:
        return QVariant::fromValue(row.kind);
    default:
        return {};
    }
}

void OutputModel::append(Kind kind, const QString &text)
{
    m_characters += text.size();
    addCharacters(kind, text);
    if (!m_batch.isActive())
        m_batch.start();
}

void OutputModel::appendLine(Kind kind, const QString &text)
{
    closeLine();
    append(kind, text + u'\n');
}

void OutputModel::closeLine()
{
    m_lastIsOpen = false;
    m_rewrite = false;
    m_escape = Escape::None;
}

void OutputModel::addCharacters(Kind kind, QStringView text)
{
    if (m_lastIsOpen && newestLine().kind != kind)
        closeLine();
    for (qsizetype at = 0; at < text.size();) {
        const QChar c = text[at];
        if (m_escape != Escape::None || c == u'\x1b') {
            followEscape(c);
            ++at;
        } else if (c == u'\n') {
            if (!m_lastIsOpen)
                m_pending.push_back({kind, {}});
            closeLine();
            ++at;
        } else if (c == u'\r') {
            m_rewrite = m_lastIsOpen;
            ++at;
        } else if (c < u' ' && c != u'\t') {
            ++at;
        } else {
            at += addPrintable(kind, text.mid(at));
        }
        if (m_pending.size() > static_cast<std::size_t>(m_headRows + 2 * m_tailRows))
            trimPending();
    }
}

OutputModel::Line &OutputModel::newestLine()
{
    return m_pending.empty() ? m_rows.back() : m_pending.back();
}

// ESC [ … final byte, or ESC ] … BEL, or ESC and one character.
void OutputModel::followEscape(QChar c)
{
    if (m_escape == Escape::None)
        m_escape = Escape::Started;
    else if (m_escape == Escape::Started)
        m_escape = c == u'[' ? Escape::Sequence : c == u']' ? Escape::Command : Escape::None;
    else if (m_escape == Escape::Sequence ? (c >= u'@' && c <= u'~') : (c == u'\a' || c == u'\n'))
        m_escape = Escape::None;
}

// Takes the run of plain characters at the start of `text`, as far as the line has room; at least one.
qsizetype OutputModel::addPrintable(Kind kind, QStringView text)
{
    if (!m_lastIsOpen || (!m_rewrite && newestLine().text.size() >= m_lineLimit)) {
        m_pending.push_back({kind, {}});
        m_lastIsOpen = true;
    } else if (m_pending.empty()) {
        m_openChanged = true;
    }
    QString &line = newestLine().text;
    if (m_rewrite) {
        line.clear();
        m_rewrite = false;
    }
    const qsizetype room = std::min<qsizetype>(text.size(), m_lineLimit - line.size());
    qsizetype length = 1;
    while (length < room && (text[length] >= u' ' || text[length] == u'\t'))
        ++length;
    line += text.left(length);
    return length;
}

// More arrived within one batch than will ever be shown: what cannot be part of head or tail goes at once.
void OutputModel::trimPending()
{
    const auto headFree = static_cast<std::ptrdiff_t>(
        m_leftOut > 0 ? 0 : std::max<std::size_t>(static_cast<std::size_t>(m_headRows), m_rows.size()) - m_rows.size());
    const auto surplus = static_cast<std::ptrdiff_t>(m_pending.size()) - headFree - m_tailRows;
    if (surplus <= 0)
        return;
    if (headFree > 0) // let the head be shown first, so that order and gap stay simple
        flush();
    else {
        m_pending.erase(m_pending.begin(), m_pending.begin() + surplus);
        m_pendingLeftOut += surplus;
    }
}

void OutputModel::flush()
{
    m_batch.stop();
    if (m_openChanged && !m_rows.empty()) {
        const QModelIndex last = index(rowCount() - 1);
        Q_EMIT dataChanged(last, last, {TextRole});
    }
    m_openChanged = false;
    if (m_pending.empty())
        return;
    auto take = [this](int count) {
        const int first = rowCount();
        beginInsertRows({}, first, first + count - 1);
        std::move(m_pending.begin(), m_pending.begin() + count, std::back_inserter(m_rows));
        m_pending.erase(m_pending.begin(), m_pending.begin() + count);
        endInsertRows();
    };
    if (m_leftOut == 0) {
        const int space = m_headRows + m_tailRows - rowCount();
        if (const int count = std::min(space, static_cast<int>(m_pending.size())); count > 0)
            take(count);
    }
    if (m_pending.empty())
        return;
    if (const int surplus = static_cast<int>(m_pending.size()) - m_tailRows; surplus > 0) {
        m_pending.erase(m_pending.begin(), m_pending.begin() + surplus);
        m_pendingLeftOut += surplus;
    }
    makeRoomForTail(static_cast<int>(m_pending.size()));
    take(static_cast<int>(m_pending.size()));
}

void OutputModel::makeRoomForTail(int fresh)
{
    if (m_leftOut == 0) { // the first time: the gap row comes between head and tail
        beginInsertRows({}, m_headRows, m_headRows);
        m_rows.insert(m_rows.begin() + m_headRows, Line{Kind::Gap, {}});
        endInsertRows();
    }
    const int firstOfTail = m_headRows + 1;
    const int surplus = rowCount() - firstOfTail + fresh - m_tailRows;
    if (surplus > 0) {
        beginRemoveRows({}, firstOfTail, firstOfTail + surplus - 1);
        m_rows.erase(m_rows.begin() + firstOfTail, m_rows.begin() + firstOfTail + surplus);
        endRemoveRows();
    }
    m_leftOut += std::max(surplus, 0) + m_pendingLeftOut;
    m_pendingLeftOut = 0;
    const QModelIndex gap = index(m_headRows);
    Q_EMIT dataChanged(gap, gap, {TextRole});
}

void OutputModel::clear()
{
    m_batch.stop();
    closeLine();
    m_openChanged = false;
    beginResetModel();
    m_rows.clear();
    m_pending.clear();
    m_leftOut = m_pendingLeftOut = m_characters = 0;
    endResetModel();
}

void OutputModel::setLines(const std::vector<Line> &lines)
{
    clear();
    if (lines.empty())
        return;
    beginInsertRows({}, 0, static_cast<int>(lines.size()) - 1);
    m_rows.assign(lines.begin(), lines.end());
    endInsertRows();
}

std::vector<OutputModel::Line> OutputModel::snapshot(qsizetype characterLimit) const
{
    std::vector<Line> head;
    std::vector<Line> tail;
    qsizetype room = characterLimit / 2;
    std::size_t first = 0;
    for (; first < m_rows.size() && room >= 0; ++first) {
        room -= m_rows[first].text.size() + 1;
        head.push_back(m_rows[first]);
    }
    room = characterLimit / 2;
    std::size_t last = m_rows.size();
    for (; last > first && room >= 0; --last) {
        room -= m_rows[last - 1].text.size() + 1;
        tail.push_back(m_rows[last - 1]);
    }
    if (last > first)
        head.push_back({Kind::Note, tr("… %n line(s) left out …", nullptr, static_cast<int>(last - first))});
    head.insert(head.end(), tail.rbegin(), tail.rend());
    for (Line &each : head) {
        if (each.kind == Kind::Gap)
            each = {
                Kind::Note,
                tr("… %n line(s) left out …", nullptr, static_cast<int>(std::min<std::int64_t>(m_leftOut, INT_MAX)))};
    }
    return head;
}

QString OutputModel::plainText() const
{
    QStringList lines;
    for (int row = 0; row < rowCount(); ++row)
        lines.append(index(row).data().toString());
    return lines.join(u'\n');
}

} // namespace sandglass::models
