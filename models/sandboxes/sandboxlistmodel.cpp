#include "models/sandboxes/sandboxlistmodel.h"

#include "services/core/qtstring.h"
#include "services/cost/meter.h"
#include "services/lifecycle/createintents.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/picture.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

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

/// "2 · 512 MiB", "8 · 16 GiB".
QString sizeText(int vcpu, int mib)
{
    const bool isWhole = mib >= 1'024 && mib % 1'024 == 0;
    return SandboxListModel::tr("%1 · %2 %3")
        .arg(vcpu)
        .arg(isWhole ? mib / 1'024 : mib)
        .arg(isWhole ? u"GiB"_s : u"MiB"_s);
}

QString metadataText(const Sandbox &sandbox)
{
    QStringList pairs;
    for (const auto &[key, value] : sandbox.metadata) {
        if (key == lifecycle::ownerKey || key == lifecycle::intentKey)
            continue; // for this program alone
        pairs << toQString(key) + u'=' + toQString(value);
    }
    return pairs.join(u"  "_s);
}

constexpr std::size_t manyChanges = 64; ///< to take them together is cheaper than announcing them one by one
constexpr auto takeInterval = 1s;       ///< of many changes, at least
constexpr auto costOrderInterval = 5s;  ///< costs grow by themselves

} // namespace

SandboxListModel::SandboxListModel(lifecycle::Picture &picture, QObject *parent)
    : QAbstractTableModel(parent), m_picture(picture)
{
    connect(&m_picture, &lifecycle::Picture::replayed, this, &SandboxListModel::rebuild);
    connect(&m_picture, &lifecycle::Picture::sandboxesChanged, this, &SandboxListModel::take);
    connect(&m_picture, &lifecycle::Picture::rateCardChanged, this, &SandboxListModel::tick);
    connect(&m_ticker, &QTimer::timeout, this, &SandboxListModel::tick);
    m_takeLater.setSingleShot(true);
    m_sinceTaken.start();
    m_sinceRefresh.start();
    connect(&m_takeLater, &QTimer::timeout, this, &SandboxListModel::takeMany);
    m_ticker.start(1s);
    if (m_picture.isReplayed())
        rebuild();
}

int SandboxListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : m_rows.size();
}

int SandboxListModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

const Sandbox *SandboxListModel::at(int row) const
{
    return row >= 0 && row < rowCount() ? m_picture.fold().find(m_rows.at(row)->id) : nullptr;
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
        const auto cost = m_picture.costOf(*sandbox);
        return cost ? QVariant(static_cast<qint64>(cost->amount.toPicoDollars())) : QVariant();
    }
    case KillReasonRole:
        return toQString(sandbox->killReason);
    case EndedMsRole:
        return sandbox->endedAt ? QVariant(static_cast<qint64>(toUnixMs(*sandbox->endedAt))) : QVariant();
    case EarlyMsRole: {
        const auto early = sandbox->earlyBy();
        return early ? QVariant(static_cast<qint64>(early->count())) : QVariant();
    }
    case PlannedMsRole:
        return sandbox->endAt ? QVariant(static_cast<qint64>(toUnixMs(*sandbox->endAt))) : QVariant();
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
        return size ? sizeText(size->first, size->second) : tr("unknown");
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
    refresh();
}

void SandboxListModel::setFilter(SandboxFilter filter)
{
    m_filter = std::move(filter);
    rebuild();
}

int SandboxListModel::totalCount() const
{
    return static_cast<int>(m_picture.fold().sandboxes().size());
}

bool SandboxListModel::hasOlder() const
{
    return totalCount() - liveCount() >= static_cast<int>(lifecycle::Journal::Options().hotLimit);
}

int SandboxListModel::liveCount() const
{
    return static_cast<int>(m_picture.fold().live().size());
}

int SandboxListModel::rowOf(const QString &id) const
{
    const Row *shown = m_rows.find(toUtf8(id));
    return shown == nullptr ? -1 : m_rows.placeOf(*shown);
}

qint64 SandboxListModel::ageMs(const Sandbox &sandbox) const
{
    if (!sandbox.createdAt)
        return 0;
    return std::max<qint64>(0, milliseconds(sandbox.endedAt.value_or(m_picture.now()) - *sandbox.createdAt));
}

std::optional<qint64> SandboxListModel::leftMs(const Sandbox &sandbox) const
{
    if (sandbox.state != SandboxState::Running || !sandbox.endAt)
        return {}; // a pause stops the countdown
    return std::max<qint64>(0, milliseconds(*sandbox.endAt - m_picture.now()));
}

std::vector<cost::CostPart> SandboxListModel::costParts(int row) const
{
    const Sandbox *sandbox = at(row);
    if (sandbox == nullptr)
        return {};
    std::vector<cost::Usage> usages;
    for (const lifecycle::RunInterval &run : sandbox->runs)
        usages.push_back(lifecycle::usageOf(run, m_picture.now()));
    return cost::partsOf(usages, m_picture.rateCard().of(sandbox->teamId));
}

std::optional<Money> SandboxListModel::priceOfRunning(int row, std::chrono::seconds length) const
{
    const Sandbox *sandbox = at(row);
    if (sandbox == nullptr || sandbox->runs.empty())
        return {};
    const lifecycle::RunInterval &run = sandbox->runs.back();
    const Timestamp now = m_picture.now();
    return cost::priceOf({now, now + length, {}, run.vcpuCount, run.memoryMb},
                         m_picture.rateCard().of(sandbox->teamId));
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
        // Those that do not count down stand behind all that do.
        return {sandbox.endAt && sandbox.state == SandboxState::Running ? toUnixMs(*sandbox.endAt)
                                                                        : std::numeric_limits<qint64>::max(),
                {}};
    case SizeColumn: {
        const auto size = sizeOf(sandbox);
        return {size ? size->first * 10'000'000LL + size->second : -1, {}};
    }
    case CostColumn: {
        const auto cost = m_picture.costOf(sandbox);
        return {cost ? cost->amount.toPicoDollars() : -1, {}};
    }
    case MetadataColumn:
        return {0, toUtf8(metadataText(sandbox))};
    default: // by creation, which orders like the age and does not change with time
        return {sandbox.createdAt ? -toUnixMs(*sandbox.createdAt) : 0, {}};
    }
}

void SandboxListModel::rebuild()
{
    m_takeLater.stop();
    m_changed.clear();
    beginResetModel();
    m_rows.clear();
    for (const auto &[id, sandbox] : m_picture.fold().sandboxes()) {
        if (m_filter.accepts(sandbox))
            m_rows.append({keyOf(sandbox), id});
    }
    m_rows.sort(m_sortOrder == Qt::DescendingOrder);
    endResetModel();
    Q_EMIT countsChanged();
}

/// All keys anew. What has changed besides is still to be taken.
void SandboxListModel::refresh()
{
    m_sinceRefresh.start();
    inNewOrder([this] {
        m_rows.renewKeys([this](Row &row) {
            if (const Sandbox *sandbox = m_picture.fold().find(row.id))
                row.key = keyOf(*sandbox);
        });
        m_rows.sort(m_sortOrder == Qt::DescendingOrder);
    });
}

void SandboxListModel::inNewOrder(const std::function<void()> &change)
{
    Q_EMIT layoutAboutToBeChanged({}, VerticalSortHint);
    const QModelIndexList before = persistentIndexList();
    std::vector<const Row *> chosen; // the rows stay where they are in memory
    for (const QModelIndex &index : before)
        chosen.push_back(m_rows.at(index.row()));
    change();
    QModelIndexList after;
    for (qsizetype i = 0; i < before.size(); ++i)
        after << createIndex(m_rows.placeOf(*chosen[static_cast<std::size_t>(i)]), before[i].column());
    changePersistentIndexList(before, after);
    Q_EMIT layoutChanged({}, VerticalSortHint);
}

void SandboxListModel::take(const std::vector<std::string> &changed)
{
    if (m_takeLater.isActive() || changed.size() > manyChanges) {
        m_changed.insert(changed.begin(), changed.end());
        if (!m_takeLater.isActive()) {
            const bool isRecent = m_sinceTaken.elapsed() < std::chrono::milliseconds(takeInterval).count();
            m_takeLater.start(isRecent ? std::chrono::milliseconds(takeInterval) : 0ms);
        }
        return;
    }
    for (const std::string &id : changed)
        put(id);
    Q_EMIT countsChanged();
}

/// What has not changed is neither looked at nor compared: there may be tens of thousands, and more each second.
void SandboxListModel::takeMany()
{
    m_sinceTaken.start();
    std::vector<const Row *> old, gone;
    std::vector<std::pair<Row *, const Sandbox *>> kept;
    std::vector<const Sandbox *> fresh;
    for (const std::string &id : m_changed) {
        const Sandbox *sandbox = m_picture.fold().find(id);
        const bool isWanted = sandbox != nullptr && m_filter.accepts(*sandbox);
        if (Row *shown = m_rows.find(id)) {
            old.push_back(shown);
            if (isWanted)
                kept.emplace_back(shown, sandbox);
            else
                gone.push_back(shown);
        } else if (isWanted) {
            fresh.push_back(sandbox);
        }
    }
    m_changed.clear();
    const auto change = [&] {
        m_rows.takeOut(old);
        std::vector<const Row *> in;
        for (const auto &[row, sandbox] : kept) {
            row->key = keyOf(*sandbox);
            in.push_back(row);
        }
        for (const Row *row : gone)
            m_rows.forget(*row);
        for (const Sandbox *sandbox : fresh)
            in.push_back(&m_rows.keep({keyOf(*sandbox), sandbox->id}));
        m_rows.putIn(std::move(in));
    };
    if (gone.empty() && fresh.empty()) {
        inNewOrder(change);
    } else {
        beginResetModel();
        change();
        endResetModel();
    }
    Q_EMIT countsChanged();
}

void SandboxListModel::put(const std::string &id)
{
    const Sandbox *sandbox = m_picture.fold().find(id);
    const bool isWanted = sandbox != nullptr && m_filter.accepts(*sandbox);
    Row *shown = m_rows.find(id);
    if (shown == nullptr) {
        if (!isWanted)
            return;
        Row row{keyOf(*sandbox), id};
        const int place = m_rows.placeOf(row);
        beginInsertRows({}, place, place);
        m_rows.insert(place, std::move(row));
        endInsertRows();
    } else if (isWanted) {
        change(*shown, keyOf(*sandbox));
    } else {
        const int place = m_rows.placeOf(*shown);
        beginRemoveRows({}, place, place);
        m_rows.remove(place);
        endRemoveRows();
    }
}

void SandboxListModel::change(Row &row, Key key)
{
    const int from = m_rows.placeOf(row);
    const int to = m_rows.placeOf({key, row.id}); // as Qt counts it: before the move
    int place = from;
    if (to == from || to == from + 1) {
        row.key = std::move(key);
    } else {
        beginMoveRows({}, from, from, {}, to);
        m_rows.move(from, to, std::move(key));
        endMoveRows();
        place = to < from ? to : to - 1;
    }
    Q_EMIT dataChanged(index(place, 0), index(place, ColumnCount - 1));
}

void SandboxListModel::tick()
{
    if (m_rows.isEmpty() || m_picture.fold().live().empty())
        return;
    if (m_sortColumn == CostColumn && m_sinceRefresh.elapsed() >= std::chrono::milliseconds(costOrderInterval).count())
        refresh();
    Q_EMIT dataChanged(index(0, AgeColumn), index(rowCount() - 1, CostColumn));
}

} // namespace sandglass::models
