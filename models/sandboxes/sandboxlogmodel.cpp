#include "models/sandboxes/sandboxlogmodel.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sandglass::models {

namespace {

constexpr int kSlowerAfterError = 10; ///< intervals

} // namespace

SandboxLogModel::SandboxLogModel(e2b::Client &client, QObject *parent) : QAbstractListModel(parent), m_client(client)
{
    m_next.setSingleShot(true);
    connect(&m_next, &QTimer::timeout, this, &SandboxLogModel::follow);
}

int SandboxLogModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant SandboxLogModel::data(const QModelIndex &index, int role) const
{
    if (role != Qt::DisplayRole || !checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    return toQString(at(index.row()).message);
}

QString SandboxLogModel::sandboxId() const
{
    return toQString(m_id);
}

void SandboxLogModel::setInterval(std::chrono::milliseconds interval)
{
    m_interval = interval;
}

void SandboxLogModel::setSandbox(const QString &id, bool isRunning)
{
    const bool isOther = m_id != toUtf8(id);
    const bool hasChanged = std::exchange(m_isRunning, isRunning) != isRunning;
    m_id = toUtf8(id);
    if (isOther)
        begin();
    else if (hasChanged)
        follow(); // also once after it ended: its last words
}

void SandboxLogModel::setWatched(bool watched)
{
    if (std::exchange(m_isWatched, watched) == watched)
        return;
    m_next.stop();
    follow();
}

void SandboxLogModel::setFollowing(bool follows)
{
    if (std::exchange(m_follows, follows) == follows)
        return;
    m_next.stop();
    follow();
}

void SandboxLogModel::setFilter(e2b::LogLevel least, const QString &text)
{
    if (std::exchange(m_least, least) == least && m_search == toUtf8(text))
        return;
    m_search = toUtf8(text);
    begin();
}

void SandboxLogModel::forget()
{
    begin();
}

void SandboxLogModel::begin()
{
    ++m_round;
    m_isAsking = false;
    m_hasOlder = false;
    m_wantsOlder = false;
    m_next.stop();
    beginResetModel();
    m_rows.clear();
    endResetModel();
    m_error = {};
    m_state = State::Idle;
    Q_EMIT stateChanged();
    follow();
}

void SandboxLogModel::follow()
{
    if (!m_isWatched || m_id.empty() || m_isAsking || m_state == State::Unsupported)
        return;
    if (m_state == State::Idle) {
        m_state = State::Asking;
        Q_EMIT stateChanged();
        return ask(Part::Newest);
    }
    if (m_follows)
        ask(m_rows.empty() ? Part::Newest : Part::Newer);
}

void SandboxLogModel::loadOlder()
{
    if (!m_hasOlder || m_rows.empty())
        return;
    m_wantsOlder = m_isAsking;
    if (!m_isAsking)
        ask(Part::Older);
}

void SandboxLogModel::ask(Part part)
{
    m_isAsking = true;
    m_next.stop();
    e2b::SandboxLogQuery query;
    query.forward = part == Part::Newer;
    query.limit = page;
    query.least = m_least;
    query.search = m_search;
    if (part == Part::Newer)
        query.cursor = m_rows.back().time;
    else if (part == Part::Older)
        query.cursor = m_rows.front().time;
    whenDone(m_client.readings().logs(m_id, query), this,
             [this, part, round = m_round](Result<std::vector<e2b::SandboxLogEntry>> answer) {
                 if (round == m_round)
                     take(part, std::move(answer));
             });
}

void SandboxLogModel::take(Part part, Result<std::vector<e2b::SandboxLogEntry>> answer)
{
    m_isAsking = false;
    bool goOn = false;
    if (answer) {
        const bool isFull = answer->size() >= page;
        auto fresh = unknownOf(std::move(*answer));
        goOn = part == Part::Newer && isFull && !fresh.empty(); // there is more than one page
        if (part != Part::Newer)
            m_hasOlder = isFull && !fresh.empty();
        if (part == Part::Older)
            prepend(std::move(fresh));
        else
            append(std::move(fresh));
        m_error = {};
        m_state = State::Ready;
    } else {
        m_error = answer.error();
        m_state = m_error.code == "not_supported" ? State::Unsupported : State::Failed;
    }
    if (m_isWatched && m_follows && (m_isRunning || goOn) && m_state != State::Unsupported)
        m_next.start(goOn ? std::chrono::milliseconds(0) : answer ? m_interval : m_interval * kSlowerAfterError);
    Q_EMIT stateChanged();
    if (std::exchange(m_wantsOlder, false) && !m_isAsking)
        loadOlder();
}

/// A cursor is a millisecond, and what stands in it comes again.
std::vector<e2b::SandboxLogEntry> SandboxLogModel::unknownOf(std::vector<e2b::SandboxLogEntry> entries) const
{
    std::stable_sort(entries.begin(), entries.end(), [](const auto &a, const auto &b) { return a.time < b.time; });
    if (m_rows.empty())
        return entries;
    std::vector<const e2b::SandboxLogEntry *> known;
    const auto isEdge = [](const e2b::SandboxLogEntry &row, const e2b::SandboxLogEntry &edge) {
        return toUnixMs(row.time) == toUnixMs(edge.time);
    };
    for (auto row = m_rows.rbegin(); row != m_rows.rend() && isEdge(*row, m_rows.back()); ++row)
        known.push_back(&*row);
    for (auto row = m_rows.begin(); row != m_rows.end() && isEdge(*row, m_rows.front()); ++row)
        known.push_back(&*row);
    std::erase_if(entries, [&](const e2b::SandboxLogEntry &entry) {
        const auto it = std::find_if(known.begin(), known.end(), [&](const auto *row) { return *row == entry; });
        if (it == known.end())
            return false;
        known.erase(it);
        return true;
    });
    return entries;
}

void SandboxLogModel::append(std::vector<e2b::SandboxLogEntry> entries)
{
    if (entries.empty())
        return;
    const int first = rowCount();
    beginInsertRows({}, first, first + static_cast<int>(entries.size()) - 1);
    std::move(entries.begin(), entries.end(), std::back_inserter(m_rows));
    endInsertRows();
    if (const int tooMany = rowCount() - capacity; tooMany > 0) {
        beginRemoveRows({}, 0, tooMany - 1);
        m_rows.erase(m_rows.begin(), m_rows.begin() + tooMany);
        endRemoveRows();
        m_hasOlder = false; // there is no room for them
    }
}

void SandboxLogModel::prepend(std::vector<e2b::SandboxLogEntry> entries)
{
    const std::size_t room = static_cast<std::size_t>(capacity) - m_rows.size();
    if (entries.size() >= room) {
        entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(room));
        m_hasOlder = false;
    }
    if (entries.empty())
        return;
    beginInsertRows({}, 0, static_cast<int>(entries.size()) - 1);
    m_rows.insert(m_rows.begin(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
    endInsertRows();
}

} // namespace sandglass::models
