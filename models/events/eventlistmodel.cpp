#include "models/events/eventlistmodel.h"

#include "services/core/json.h"
#include "services/core/qtstring.h"
#include "services/cost/meter.h"
#include "services/lifecycle/codeexecution.h"
#include "services/lifecycle/picture.h"

#include <QString>

#include <algorithm>
#include <cctype>
#include <utility>

namespace sandglass::models {

using lifecycle::StoredEvent;

namespace {

constexpr std::string_view sessionWord = "session:";
constexpr std::size_t firstLoad = 5'000;
constexpr std::size_t pageRows = 2'000; ///< of fetchMore

std::string lowered(std::string text)
{
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool isSame(std::string_view text, std::string_view lowerText)
{
    const auto lower = [](unsigned char c) { return static_cast<char>(std::tolower(c)); };
    return std::ranges::equal(text, lowerText, {}, lower);
}

qint64 milliseconds(Timestamp::duration duration)
{
    return std::chrono::floor<std::chrono::milliseconds>(duration).count();
}

} // namespace

EventListModel::EventListModel(lifecycle::Picture &picture, EventHistory *history, QObject *parent)
    : QAbstractTableModel(parent), m_picture(picture), m_history(history)
{
    connect(&m_picture, &lifecycle::Picture::replayed, this, &EventListModel::load);
    connect(&m_picture, &lifecycle::Picture::eventsRecorded, this, &EventListModel::take);
    if (m_picture.isReplayed())
        load();
}

int EventListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_shown.size() + m_found.size());
}

int EventListModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

const EventListModel::Row &EventListModel::at(int row) const
{
    const auto place = static_cast<std::size_t>(row);
    if (place >= m_shown.size())
        return m_found[place - m_shown.size()];
    const std::int64_t number = m_shown[m_shown.size() - 1 - place];
    return m_rows[static_cast<std::size_t>(number - m_removed)];
}

QVariant EventListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Row &row = at(index.row());
    switch (role) {
    case Qt::DisplayRole:
        if (index.column() == SandboxColumn)
            return toQString(row.sandboxId);
        if (index.column() == TemplateColumn) { // webhooks carry only the id; the list has told the readable name
            const lifecycle::Sandbox *sandbox = m_picture.fold().find(row.sandboxId);
            return toQString(sandbox != nullptr ? sandbox->templateName() : row.templateName);
        }
        return {}; // times, words and sentences are the view's
    case TypeRole:
        return static_cast<int>(row.type);
    case TimestampMsRole:
        return static_cast<qint64>(toUnixMs(row.timestamp));
    case DelayMsRole:
        return milliseconds(row.receivedAt - row.timestamp);
    case SourceRole:
        return static_cast<int>(row.source);
    case KillReasonRole:
        return toQString(row.killReason);
    case RunMsRole:
        if (row.codeRun && row.codeRun->durationMs)
            return static_cast<qint64>(*row.codeRun->durationMs);
        return row.execution ? QVariant(static_cast<qint64>(row.execution->executionTimeMs)) : QVariant();
    case CostPicoRole:
        return costOf(row);
    case RawRole:
        return QByteArray::fromStdString(row.raw);
    case IsCodeRunRole:
        return row.codeRun.has_value();
    case CodeErrorRole:
        return row.codeRun && row.codeRun->error ? QVariant(toQString(*row.codeRun->error)) : QVariant();
    case PlannedMsRole:
        return plannedEndOf(row);
    case SandboxIdRole:
        return toQString(row.sandboxId);
    case EventIdRole:
        return toQString(row.id);
    case SessionRole:
        return toQString(row.session);
    default:
        return {};
    }
}

QVariant EventListModel::plannedEndOf(const Row &row) const
{
    if (row.type != lifecycle::EventType::Killed && row.type != lifecycle::EventType::Lost)
        return {};
    const lifecycle::Sandbox *sandbox = m_picture.fold().find(row.sandboxId);
    return sandbox != nullptr && sandbox->earlyBy() ? QVariant(static_cast<qint64>(toUnixMs(*sandbox->endAt)))
                                                    : QVariant();
}

QVariant EventListModel::costOf(const Row &row) const
{
    if (!row.execution || row.execution->vcpuCount == 0 || row.type == lifecycle::EventType::Observed)
        return {};
    const Timestamp start =
        row.execution->startedAt.value_or(row.timestamp - std::chrono::milliseconds(row.execution->executionTimeMs));
    const auto price = cost::priceOf(
        {start, row.timestamp, row.execution->executionTimeMs, row.execution->vcpuCount, row.execution->memoryMb},
        m_picture.rateCard().of(row.teamId));
    return price ? QVariant(static_cast<qint64>(price->toPicoDollars())) : QVariant();
}

QVariant EventListModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case TimeColumn:
        return tr("Time");
    case TypeColumn:
        return tr("Event");
    case SandboxColumn:
        return tr("Sandbox");
    case TemplateColumn:
        return tr("Template");
    case DetailColumn:
        return tr("What happened");
    case DeliveryColumn:
        return tr("Delivery");
    default:
        return {};
    }
}

void EventListModel::setSearch(const QString &search)
{
    beginResetModel();
    m_words.clear();
    for (const QString &word : search.toLower().split(u' ', Qt::SkipEmptyParts))
        m_words.push_back(toUtf8(word));
    m_shown.clear();
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        if (accepts(m_rows[i]))
            m_shown.push_back(m_removed + static_cast<std::int64_t>(i));
    }
    m_found.clear();
    endResetModel();
    searchHistory();
    Q_EMIT countsChanged();
}

qint64 EventListModel::totalCount() const
{
    return std::max<qint64>(m_picture.eventCount(), loadedCount());
}

qint64 EventListModel::searchedCount() const
{
    return std::min(loadedCount() + m_looked, totalCount());
}

/// What is older than the loaded events, in their order: that of arrival, or of their own times for a past picture.
lifecycle::EventScan EventListModel::olderOnes(std::int64_t beforeSeq) const
{
    lifecycle::EventScan scan;
    scan.beforeSeq = beforeSeq;
    scan.words = m_words;
    using Place = std::pair<Timestamp, std::int64_t>;
    std::optional<Place> before;
    if (m_picture.isPast())
        before =
            m_rows.empty() ? Place(m_picture.now(), INT64_MAX) : Place(m_rows.front().timestamp, m_rows.front().seq);
    scan.accepts = [words = m_words, before](const StoredEvent &stored) {
        if (before && Place(stored.event.timestamp, stored.seq) >= *before)
            return false;
        return words.empty() || accepts(rowOf(stored), words);
    };
    return scan;
}

void EventListModel::searchHistory()
{
    if (m_history != nullptr)
        m_history->drop();
    m_isFetching = false;
    m_looked = 0;
    m_failure.clear();
    m_search = m_words.empty() ? Search::None : m_hasAll ? Search::Complete : Search::Running;
    if (m_search != Search::Running)
        return;
    const std::int64_t before = m_picture.isPast() || m_rows.empty() ? 0 : m_rows.front().seq;
    m_history->ask(olderOnes(before), mostFound, [this](const EventHistory::Batch &batch) { takeFound(batch); });
}

void EventListModel::takeFound(const EventHistory::Batch &batch)
{
    if (!batch.events.empty()) {
        const int first = rowCount();
        beginInsertRows({}, first, first + static_cast<int>(batch.events.size()) - 1);
        for (const StoredEvent &stored : batch.events)
            m_found.push_back(rowOf(stored));
        endInsertRows();
    }
    // What a past picture has loaded is met again on the way.
    m_looked = m_picture.isPast() ? std::max<qint64>(0, batch.looked - loadedCount()) : batch.looked;
    if (batch.error)
        m_failure = toQString(batch.error->message);
    if (batch.isLast)
        m_search = batch.error ? Search::Failed : batch.isAtEnd ? Search::Complete : Search::Full;
    Q_EMIT countsChanged();
}

bool EventListModel::canFetchMore(const QModelIndex &parent) const
{
    return !parent.isValid() && m_history != nullptr && !m_hasAll && !m_isFetching && !isSearching()
        && m_rows.size() < capacity && m_failure.isEmpty();
}

void EventListModel::fetchMore(const QModelIndex &parent)
{
    if (!canFetchMore(parent))
        return;
    m_isFetching = true;
    const std::int64_t before = m_picture.isPast() ? m_pastReached : m_rows.empty() ? 0 : m_rows.front().seq;
    m_history->ask(olderOnes(before), std::min(pageRows, capacity - m_rows.size()),
                   [this](const EventHistory::Batch &batch) { takeOlder(batch); });
}

void EventListModel::takeOlder(const EventHistory::Batch &batch)
{
    if (!batch.events.empty()) {
        const int first = rowCount();
        beginInsertRows({}, first, first + static_cast<int>(batch.events.size()) - 1);
        for (const StoredEvent &stored : batch.events) {
            m_rows.push_front(rowOf(stored));
            m_unknown += isUnknown(m_rows.front()) ? 1 : 0;
            m_shown.push_front(--m_removed);
        }
        endInsertRows();
    }
    m_pastReached = batch.reached;
    if (batch.isLast) {
        m_isFetching = false;
        m_hasAll = batch.isAtEnd;
        if (batch.error)
            m_failure = toQString(batch.error->message);
    }
    Q_EMIT countsChanged();
}

EventListModel::Row::CodeRun EventListModel::codeRunOf(const lifecycle::Event &event)
{
    const lifecycle::CodeExecution execution = lifecycle::codeExecutionOf(event);
    Row::CodeRun run;
    run.durationMs = execution.durationMs;
    const bool hasFailed =
        execution.outcome != lifecycle::RunOutcome::Unknown && !lifecycle::ranToItsEnd(execution.outcome);
    if (hasFailed || !execution.errorName.empty())
        run.error = execution.errorName.empty() ? "error" : execution.errorName;
    return run;
}

EventListModel::Row EventListModel::rowOf(const StoredEvent &stored)
{
    const lifecycle::Event &event = stored.event;
    Row row;
    row.seq = stored.seq;
    row.id = event.id;
    row.sandboxId = event.sandboxId;
    row.templateName = event.templateAlias.empty() ? event.templateId : event.templateAlias;
    row.teamId = event.teamId;
    row.killReason = event.killReason;
    row.session = event.session;
    row.type = event.type;
    row.source = event.source;
    row.timestamp = event.timestamp;
    row.receivedAt = event.receivedAt;
    row.execution = event.execution;
    row.raw = event.raw.empty() ? lifecycle::encodeEvent(event) : event.raw;
    if (event.typeName == lifecycle::codeExecutedType)
        row.codeRun = codeRunOf(event);
    row.searchText = event.typeName + '\n' + event.sandboxId + '\n' + event.id + '\n' + event.templateId + '\n'
        + event.templateAlias + '\n' + event.killReason + '\n' + event.session;
    if (row.codeRun && row.codeRun->error)
        row.searchText += '\n' + *row.codeRun->error;
    if (isUnknown(row))
        row.searchText += "\nunknown";
    for (const auto &[key, value] : event.metadata)
        row.searchText += '\n' + key + '=' + value;
    row.searchText = lowered(std::move(row.searchText));
    return row;
}

bool EventListModel::accepts(const Row &row, const std::vector<std::string> &words)
{
    return std::ranges::all_of(words, [&row](std::string_view word) {
        if (!word.starts_with(sessionWord))
            return row.searchText.find(word) != std::string::npos;
        word.remove_prefix(sessionWord.size()); // the whole name: run-1 is not run-10
        return word.empty() ? !row.session.empty() : isSame(row.session, word);
    });
}

void EventListModel::load()
{
    const auto newest = m_picture.newestEvents(firstLoad);
    if (!newest) // the tracker tells of a journal that cannot be read
        return;
    beginResetModel();
    m_rows.clear();
    m_shown.clear();
    m_found.clear();
    m_removed = 0;
    m_unknown = 0;
    m_pastReached = 0;
    m_hasAll = m_history == nullptr
        || (m_picture.isPast() ? static_cast<std::int64_t>(newest->size()) >= m_picture.eventCount()
                               : newest->size() < firstLoad);
    for (auto stored = newest->rbegin(); stored != newest->rend(); ++stored) {
        append(*stored);
        if (accepts(m_rows.back()))
            m_shown.push_back(static_cast<std::int64_t>(m_rows.size()) - 1);
    }
    endResetModel();
    searchHistory();
    Q_EMIT countsChanged();
}

void EventListModel::take(const std::vector<StoredEvent> &events)
{
    std::vector<std::int64_t> fresh;
    for (const StoredEvent &stored : events) {
        if (!m_rows.empty() && stored.seq <= m_rows.back().seq)
            continue; // came with the load already
        append(stored);
        if (accepts(m_rows.back()))
            fresh.push_back(m_removed + static_cast<std::int64_t>(m_rows.size()) - 1);
    }
    if (!fresh.empty()) {
        beginInsertRows({}, 0, static_cast<int>(fresh.size()) - 1); // newest first: news stands at the top
        m_shown.insert(m_shown.end(), fresh.begin(), fresh.end());
        endInsertRows();
    }
    trim();
    Q_EMIT countsChanged();
}

void EventListModel::append(const StoredEvent &stored)
{
    m_rows.push_back(rowOf(stored));
    m_unknown += isUnknown(m_rows.back()) ? 1 : 0;
}

void EventListModel::trim()
{
    if (m_rows.size() <= capacity)
        return;
    const auto surplus = static_cast<std::int64_t>(m_rows.size() - capacity);
    const auto firstKept = std::ranges::lower_bound(m_shown, m_removed + surplus);
    const auto leaving = static_cast<int>(firstKept - m_shown.begin());
    m_hasAll = m_hasAll && m_history == nullptr;
    if (std::exchange(m_isFetching, false)) // its rows no longer follow those that are left
        m_history->drop();
    if (m_search != Search::None && m_history != nullptr) { // what has been found stays where it stands
        for (auto number = m_shown.begin(); number != firstKept; ++number)
            m_found.push_front(std::move(m_rows[static_cast<std::size_t>(*number - m_removed)]));
        m_looked += surplus;
        drop(surplus, leaving);
        if (m_found.size() > 2 * mostFound) {
            beginRemoveRows({}, static_cast<int>(m_shown.size() + mostFound), rowCount() - 1);
            m_found.erase(m_found.begin() + static_cast<std::ptrdiff_t>(mostFound), m_found.end());
            endRemoveRows();
            m_search = Search::Full;
            m_history->drop();
        }
    } else if (leaving > 0) {
        const int last = static_cast<int>(m_shown.size()) - 1;
        beginRemoveRows({}, last - leaving + 1, last);
        drop(surplus, leaving);
        endRemoveRows();
    } else {
        drop(surplus, leaving);
    }
}

/// The oldest rows, and their numbers.
void EventListModel::drop(std::int64_t rows, int shown)
{
    m_shown.erase(m_shown.begin(), m_shown.begin() + shown);
    const auto end = m_rows.begin() + rows;
    m_unknown -= static_cast<int>(std::count_if(m_rows.begin(), end, isUnknown));
    m_rows.erase(m_rows.begin(), end);
    m_removed += rows;
}

} // namespace sandglass::models
