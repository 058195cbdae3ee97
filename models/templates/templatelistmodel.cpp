#include "models/templates/templatelistmodel.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"

#include <QStringList>

#include <algorithm>
#include <unordered_set>

namespace sandglass::models {

namespace {

QVariant sortValue(const e2b::TemplateInfo &info, int column)
{
    switch (column) {
    case TemplateListModel::NameColumn:
        return TemplateListModel::displayName(info).toLower();
    case TemplateListModel::StatusColumn:
        return toQString(info.buildStatus);
    case TemplateListModel::SizeColumn:
        return qint64{info.cpuCount} * 1'000'000 + info.memoryMb;
    case TemplateListModel::SpawnsColumn:
        return qint64{info.spawnCount};
    case TemplateListModel::UpdatedColumn:
        return info.updatedAt ? qint64{toUnixMs(*info.updatedAt)} : qint64{0};
    default:
        return {};
    }
}

QString searchText(const e2b::TemplateInfo &info)
{
    QStringList parts{toQString(info.templateId), toQString(info.buildStatus)};
    for (const std::string &name : info.names)
        parts.append(toQString(name));
    return parts.join(u' ').toLower();
}

bool isEqual(const e2b::TemplateInfo &a, const e2b::TemplateInfo &b)
{
    return a.templateId == b.templateId && a.names == b.names && a.cpuCount == b.cpuCount && a.memoryMb == b.memoryMb
        && a.diskSizeMb == b.diskSizeMb && a.buildStatus == b.buildStatus && a.buildId == b.buildId
        && a.envdVersion == b.envdVersion && a.isPublic == b.isPublic && a.spawnCount == b.spawnCount
        && a.buildCount == b.buildCount && a.createdAt == b.createdAt && a.updatedAt == b.updatedAt
        && a.lastSpawnedAt == b.lastSpawnedAt;
}

} // namespace

TemplateListModel::TemplateListModel(Lister lister, Clock clock, QObject *parent)
    : QAbstractTableModel(parent), m_lister(std::move(lister)), m_clock(std::move(clock))
{}

TemplateListModel::~TemplateListModel()
{
    m_request.cancel();
}

QString TemplateListModel::displayName(const e2b::TemplateInfo &info)
{
    return toQString(info.names.empty() ? info.templateId : info.names.front());
}

int TemplateListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int TemplateListModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant TemplateListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const e2b::TemplateInfo &info = at(index.row());
    switch (role) {
    case Qt::DisplayRole:
        switch (index.column()) {
        case NameColumn:
            return displayName(info);
        case StatusColumn:
            return toQString(info.buildStatus);
        case SizeColumn:
            return info.cpuCount > 0
                ? tr("%1 · %2 MiB").arg(QString::number(info.cpuCount), QString::number(info.memoryMb))
                : QStringLiteral("—");
        default:
            return sortValue(info, index.column());
        }
    case Qt::TextAlignmentRole:
        return index.column() >= SizeColumn ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                            : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case SortRole:
        return sortValue(info, index.column());
    case IdRole:
        return toQString(info.templateId);
    case SearchRole:
        return searchText(info);
    default:
        return {};
    }
}

QVariant TemplateListModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole)
        return section >= SizeColumn ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                     : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    static const char *const names[ColumnCount] = {QT_TR_NOOP("Name"), QT_TR_NOOP("Build"), QT_TR_NOOP("vCPU · memory"),
                                                   QT_TR_NOOP("Started"), QT_TR_NOOP("Updated")};
    return tr(names[section]);
}

const e2b::TemplateInfo *TemplateListModel::find(const QString &templateId) const
{
    const std::string id = toUtf8(templateId);
    const auto found = std::ranges::find(m_rows, id, &e2b::TemplateInfo::templateId);
    return found == m_rows.end() ? nullptr : &*found;
}

void TemplateListModel::setState(State state)
{
    m_state = state;
    Q_EMIT stateChanged();
}

void TemplateListModel::refresh()
{
    m_request.cancel();
    m_request = m_lister();
    const quint64 generation = ++m_generation;
    setState(State::Loading);
    whenDone(m_request, this, [this, generation](Result<std::vector<e2b::TemplateInfo>> answer) {
        if (generation == m_generation)
            take(std::move(answer));
    });
}

void TemplateListModel::forget()
{
    m_request.cancel();
    ++m_generation;
    beginResetModel();
    m_rows.clear();
    endResetModel();
    m_asOf.reset();
    setState(State::NotLoaded);
}

void TemplateListModel::take(Result<std::vector<e2b::TemplateInfo>> answer)
{
    if (!answer) {
        if (answer.error().kind == Error::Kind::Cancelled)
            return;
        m_error = answer.error();
        setState(State::Failed);
        return;
    }
    merge(std::move(*answer));
    m_asOf = m_clock();
    setState(State::Loaded);
}

void TemplateListModel::merge(std::vector<e2b::TemplateInfo> fresh)
{
    std::unordered_set<std::string> ids;
    std::erase_if(fresh, [&ids](const e2b::TemplateInfo &info) { return !ids.insert(info.templateId).second; });
    for (int row = rowCount() - 1; row >= 0; --row) {
        if (ids.contains(at(row).templateId))
            continue;
        beginRemoveRows({}, row, row);
        m_rows.erase(m_rows.begin() + row);
        endRemoveRows();
    }
    for (auto &info : fresh) {
        const auto known = std::ranges::find(m_rows, info.templateId, &e2b::TemplateInfo::templateId);
        if (known == m_rows.end()) {
            beginInsertRows({}, rowCount(), rowCount());
            m_rows.push_back(std::move(info));
            endInsertRows();
        } else if (!isEqual(*known, info)) {
            const int row = static_cast<int>(known - m_rows.begin());
            *known = std::move(info);
            Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
        }
    }
}

} // namespace sandglass::models
