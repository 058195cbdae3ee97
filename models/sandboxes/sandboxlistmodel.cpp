#include "models/sandboxes/sandboxlistmodel.h"

#include "services/core/qtstring.h"
#include "services/lifecycle/tracker.h"

#include <algorithm>
#include <chrono>
#include <limits>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::models {

namespace {

using lifecycle::Sandbox;
using lifecycle::SandboxState;

qint64 milliseconds(Timestamp::duration duration)
{
    return std::chrono::floor<std::chrono::milliseconds>(duration).count();
}

/// Size of the newest stretch that tells one.
std::optional<std::pair<int, int>> sizeOf(const Sandbox &sandbox)
{
    for (auto run = sandbox.runs.rbegin(); run != sandbox.runs.rend(); ++run) {
        if (run->vcpuCount > 0)
            return std::pair(run->vcpuCount, run->memoryMb);
    }
    return {};
}

QString metadataText(const Sandbox &sandbox)
{
    QStringList pairs;
    for (const auto &[key, value] : sandbox.metadata)
        pairs << toQString(key) + u'=' + toQString(value);
    return pairs.join(u"  "_s);
}

bool haveSameIds(std::vector<std::string> a, std::vector<std::string> b)
{
    if (a.size() != b.size())
        return false;
    std::ranges::sort(a);
    std::ranges::sort(b);
    return a == b;
}

bool isLive(const Sandbox &sandbox)
{
    return sandbox.state == SandboxState::Running || sandbox.state == SandboxState::Paused;
}

} // namespace

SandboxListModel::SandboxListModel(lifecycle::Tracker &tracker, QObject *parent)
    : QAbstractTableModel(parent), m_tracker(tracker)
{
    connect(&m_tracker, &lifecycle::Tracker::replayed, this, &SandboxListModel::rebuild);
    connect(&m_tracker, &lifecycle::Tracker::sandboxesChanged, this, &SandboxListModel::take);
    connect(&m_tracker, &lifecycle::Tracker::rateCardChanged, this, &SandboxListModel::tick);
    connect(&m_ticker, &QTimer::timeout, this, &SandboxListModel::tick);
    m_ticker.start(1s);
    if (m_tracker.isReplayed())
        rebuild();
}

int SandboxListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_ids.size());
}

int SandboxListModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

const Sandbox *SandboxListModel::at(int row) const
{
    return row >= 0 && row < rowCount() ? m_tracker.fold().find(m_ids[static_cast<std::size_t>(row)]) : nullptr;
}

QVariant SandboxListModel::data(const QModelIndex &index, int role) const
{
    const Sandbox *sandbox = index.isValid() ? at(index.row()) : nullptr;
    if (sandbox == nullptr)
        return {};
    switch (role) {
    case Qt::DisplayRole:
        return display(*sandbox, index.column());
    case IdRole:
        return toQString(sandbox->id);
    case StateRole:
        return static_cast<int>(sandbox->state);
    case AgeMsRole:
        return ageMs(*sandbox);
    case LeftMsRole: {
        const auto left = leftMs(*sandbox);
        return left ? QVariant(*left) : QVariant();
    }
    case CostPicoRole: {
        const auto cost = m_tracker.costOf(*sandbox);
        return cost ? QVariant(static_cast<qint64>(cost->amount.toPicoDollars())) : QVariant();
    }
    case KillReasonRole:
        return toQString(sandbox->killReason);
    default:
        return {};
    }
}

QVariant SandboxListModel::display(const Sandbox &sandbox, int column) const
{
    switch (column) {
    case IdColumn:
        return toQString(sandbox.id);
    case TemplateColumn:
        return toQString(sandbox.templateName());
    case SizeColumn: {
        const auto size = sizeOf(sandbox);
        return size ? tr("%1 · %2 MiB").arg(size->first).arg(size->second) : tr("unknown");
    }
    case MetadataColumn:
        return metadataText(sandbox);
    default: // state, age, left and cost are phrased by the view
        return {};
    }
}

QVariant SandboxListModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole && section >= AgeColumn && section <= CostColumn)
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case StateColumn:
        return tr("State");
    case IdColumn:
        return tr("Sandbox");
    case TemplateColumn:
        return tr("Template");
    case AgeColumn:
        return tr("Age");
    case LeftColumn:
        return tr("Left", "time until the sandbox ends");
    case SizeColumn:
        return tr("Size");
    case CostColumn:
        return tr("Cost so far");
    case MetadataColumn:
        return tr("Metadata");
    default:
        return {};
    }
}

void SandboxListModel::sort(int column, Qt::SortOrder order)
{
    if (column < 0 || column >= ColumnCount || (column == m_sortColumn && order == m_sortOrder))
        return;
    m_sortColumn = column;
    m_sortOrder = order;
    take({});
}

void SandboxListModel::setFilter(SandboxFilter filter)
{
    m_filter = std::move(filter);
    rebuild();
}

int SandboxListModel::totalCount() const
{
    return static_cast<int>(m_tracker.fold().sandboxes().size());
}

int SandboxListModel::liveCount() const
{
    return m_live;
}

int SandboxListModel::rowOf(const QString &id) const
{
    const auto it = std::ranges::find(m_ids, toUtf8(id));
    return it == m_ids.end() ? -1 : static_cast<int>(it - m_ids.begin());
}

qint64 SandboxListModel::ageMs(const Sandbox &sandbox) const
{
    if (!sandbox.createdAt)
        return 0;
    return std::max<qint64>(0, milliseconds(sandbox.endedAt.value_or(m_tracker.now()) - *sandbox.createdAt));
}

std::optional<qint64> SandboxListModel::leftMs(const Sandbox &sandbox) const
{
    if (sandbox.state != SandboxState::Running || !sandbox.endAt)
        return {}; // a pause stops the countdown
    return std::max<qint64>(0, milliseconds(*sandbox.endAt - m_tracker.now()));
}

SandboxListModel::Key SandboxListModel::keyOf(const Sandbox &sandbox) const
{
    switch (m_sortColumn) {
    case StateColumn:
        return {static_cast<qint64>(sandbox.state), {}};
    case IdColumn:
        return {0, sandbox.id};
    case TemplateColumn:
        return {0, sandbox.templateName()};
    case LeftColumn:
        return {sandbox.endAt && isLive(sandbox) ? toUnixMs(*sandbox.endAt) : std::numeric_limits<qint64>::max(), {}};
    case SizeColumn: {
        const auto size = sizeOf(sandbox);
        return {size ? size->first * 10'000'000LL + size->second : -1, {}};
    }
    case CostColumn: {
        const auto cost = m_tracker.costOf(sandbox);
        return {cost ? cost->amount.toPicoDollars() : -1, {}};
    }
    case MetadataColumn:
        return {0, toUtf8(metadataText(sandbox))};
    default: // by creation, which orders like the age and does not change with time
        return {sandbox.createdAt ? -toUnixMs(*sandbox.createdAt) : 0, {}};
    }
}

std::vector<std::string> SandboxListModel::orderedIds() const
{
    std::vector<std::pair<Key, const std::string *>> entries;
    for (const auto &[id, sandbox] : m_tracker.fold().sandboxes()) {
        if (m_filter.accepts(sandbox))
            entries.emplace_back(keyOf(sandbox), &id);
    }
    const auto before = [](const auto &a, const auto &b) {
        if (a.first.number != b.first.number)
            return a.first.number < b.first.number;
        if (a.first.text != b.first.text)
            return a.first.text < b.first.text;
        return *a.second < *b.second;
    };
    std::ranges::sort(entries, before);
    if (m_sortOrder == Qt::DescendingOrder)
        std::ranges::reverse(entries);
    std::vector<std::string> ids;
    ids.reserve(entries.size());
    for (const auto &[key, id] : entries)
        ids.push_back(*id);
    return ids;
}

void SandboxListModel::rebuild()
{
    beginResetModel();
    m_ids = orderedIds();
    endResetModel();
    m_live = static_cast<int>(
        std::ranges::count_if(m_tracker.fold().sandboxes(), [](const auto &entry) { return isLive(entry.second); }));
    Q_EMIT countsChanged();
}

void SandboxListModel::take(const std::vector<std::string> &changed)
{
    std::vector<std::string> fresh = orderedIds();
    if (fresh != m_ids && !insertOnly(fresh)) {
        if (!haveSameIds(fresh, m_ids))
            return rebuild();
        Q_EMIT layoutAboutToBeChanged({}, VerticalSortHint);
        const QModelIndexList before = persistentIndexList();
        QModelIndexList after;
        for (const QModelIndex &index : before) {
            const auto &id = m_ids[static_cast<std::size_t>(index.row())];
            const auto it = std::ranges::find(fresh, id);
            after << createIndex(static_cast<int>(it - fresh.begin()), index.column());
        }
        m_ids = std::move(fresh);
        changePersistentIndexList(before, after);
        Q_EMIT layoutChanged({}, VerticalSortHint);
    }
    if (!changed.empty() && !m_ids.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    m_live = static_cast<int>(
        std::ranges::count_if(m_tracker.fold().sandboxes(), [](const auto &entry) { return isLive(entry.second); }));
    Q_EMIT countsChanged();
}

bool SandboxListModel::insertOnly(const std::vector<std::string> &fresh)
{
    // The old rows must occur in the new order unchanged; what stands between them is new.
    std::vector<std::size_t> places;
    std::size_t old = 0;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        if (old < m_ids.size() && fresh[i] == m_ids[old])
            ++old;
        else
            places.push_back(i);
    }
    constexpr std::size_t manyRows = 64; // a reset is cheaper than announcing them one by one
    if (old != m_ids.size() || places.size() > manyRows)
        return false;
    for (const std::size_t place : places) {
        beginInsertRows({}, static_cast<int>(place), static_cast<int>(place));
        m_ids.insert(m_ids.begin() + static_cast<std::ptrdiff_t>(place), fresh[place]);
        endInsertRows();
    }
    return true;
}

void SandboxListModel::tick()
{
    if (m_ids.empty() || m_live == 0)
        return;
    Q_EMIT dataChanged(index(0, AgeColumn), index(rowCount() - 1, CostColumn));
}

} // namespace sandglass::models
