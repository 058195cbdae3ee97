#include "models/costs/costtablemodel.h"

#include "models/costs/timewindow.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/picture.h"

#include <algorithm>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::models {

namespace {

/// Milliseconds of running that fall into [from, to).
qint64 runtimeWithin(const lifecycle::Sandbox &sandbox, Timestamp from, Timestamp to)
{
    qint64 sum = 0;
    for (const lifecycle::RunInterval &run : sandbox.runs) {
        const Timestamp end =
            run.confirmedMs ? run.start + std::chrono::milliseconds(*run.confirmedMs) : run.end.value_or(to);
        const Timestamp first = std::max(run.start, from);
        const Timestamp last = std::min(end, to);
        if (last > first)
            sum += std::chrono::floor<std::chrono::milliseconds>(last - first).count();
    }
    return sum;
}

} // namespace

CostTableModel::CostTableModel(lifecycle::Picture &picture, TimeWindow &window, Grouping grouping, QObject *parent)
    : QAbstractTableModel(parent)
    , m_picture(picture)
    , m_window(window)
    , m_grouping(grouping)
    , m_scan(picture,
             {[this] {
                  m_from = m_window.from();
                  m_to = m_window.to();
                  m_groups.clear();
              },
              [this](const lifecycle::Sandbox &sandbox) { count(sandbox); }, [this] { publish(); }})
{
    m_ticker.setInterval(2s);
    connect(&m_ticker, &QTimer::timeout, this, &CostTableModel::refresh);
    connect(&m_picture, &lifecycle::Picture::replayed, this, &CostTableModel::readAnew);
    connect(&m_picture, &lifecycle::Picture::rateCardChanged, this, &CostTableModel::refresh);
    connect(&m_window, &TimeWindow::changed, this, [this] {
        m_isCurrent = false;
        if (m_ticker.isActive())
            readAnew();
    });
}

int CostTableModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int CostTableModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant CostTableModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Row &row = m_rows[static_cast<std::size_t>(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        if (index.column() == NameColumn)
            return row.isRest ? tr("others") : row.name;
        if (index.column() == CountColumn)
            return row.isRest ? QVariant() : row.count;
        if (index.column() == CertaintyColumn && !row.isRest)
            return row.isPartial ? tr("incomplete") : row.isConfirmed ? tr("confirmed") : tr("estimated");
        return {};
    case Qt::ToolTipRole:
        if (row.isRest)
            return tr("Sandboxes cheaper than those above, and those that ended long ago.");
        if (row.isShort && (index.column() == RuntimeColumn || index.column() == CountColumn))
            return tr("Without those that ended long ago; their cost is in the sum.");
        return index.column() == CertaintyColumn && row.isPartial
            ? tr("The size of some stretch of running is not known; it is left out of the sum.")
            : QVariant();
    case AmountPicoRole:
        return row.amount ? QVariant(static_cast<qint64>(row.amount->toPicoDollars())) : QVariant();
    case RuntimeMsRole:
        return row.isRest ? QVariant() : row.runtimeMs;
    case IsRestRole:
        return row.isRest;
    case IsShortRole:
        return row.isShort;
    case ShareRole:
        return row.amount && !m_total.isZero() ? row.amount->toDollars() / m_total.toDollars() : 0.0;
    default:
        return {};
    }
}

QVariant CostTableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole && section >= AmountColumn && section <= CountColumn)
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case NameColumn:
        return m_grouping == Grouping::Template ? tr("Template") : tr("Sandbox");
    case AmountColumn:
        return tr("Cost");
    case ShareColumn:
        return tr("Share");
    case RuntimeColumn:
        return tr("Running");
    case CountColumn:
        return m_grouping == Grouping::Template ? tr("Sandboxes") : tr("Runs");
    case CertaintyColumn:
        return tr("Figure");
    default:
        return {};
    }
}

void CostTableModel::setActive(bool active)
{
    if (active) {
        readAnew();
        m_ticker.start();
    } else {
        m_ticker.stop();
        m_scan.cancel();
    }
}

/// Rows of another window or moment are finished by nobody.
void CostTableModel::readAnew()
{
    m_isCurrent = false;
    m_scan.cancel();
    refresh();
}

void CostTableModel::refresh()
{
    if (m_picture.isReplayed())
        m_scan.start();
}

void CostTableModel::count(const lifecycle::Sandbox &sandbox)
{
    const qint64 runtime = runtimeWithin(sandbox, m_from, m_to);
    if (runtime == 0)
        return;
    const std::string &name = m_grouping == Grouping::Template ? sandbox.templateName() : sandbox.id;
    Row &row = m_groups[name];
    row.runtimeMs += runtime;
    row.count += m_grouping == Grouping::Template ? 1 : static_cast<int>(sandbox.runs.size());
    if (const auto cost = m_picture.costOf(sandbox, m_from, m_to)) {
        row.amount = row.amount.value_or(Money{}) + cost->amount;
        row.isConfirmed = row.isConfirmed && cost->isConfirmed;
        row.isPartial = row.isPartial || cost->isPartial;
    } else {
        row.isPartial = true;
    }
}

/// Those that ended long ago are known in sums by template only.
void CostTableModel::addColdTemplates()
{
    for (const auto &series : m_picture.costSeries(m_from, m_to, 1)) {
        Row &row = m_groups[series.templateName];
        const Money amount = series.buckets.empty() ? Money{} : series.buckets.front();
        row.isShort = amount > row.amount.value_or(Money{});
        if (row.isShort)
            row.amount = amount;
    }
}

void CostTableModel::publish()
{
    if (m_grouping == Grouping::Template)
        addColdTemplates();
    std::vector<std::pair<const std::string, Row> *> order;
    order.reserve(m_groups.size());
    for (auto &group : m_groups)
        order.push_back(&group);
    const auto kept = std::min(order.size(), static_cast<std::size_t>(maximumRows));
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(kept), [](auto *a, auto *b) {
        const Money first = a->second.amount.value_or(Money{});
        const Money second = b->second.amount.value_or(Money{});
        return first != second ? first > second : a->first < b->first;
    });
    order.resize(kept);
    std::vector<Row> rows;
    rows.reserve(kept);
    for (auto *group : order) {
        rows.push_back(std::move(group->second));
        rows.back().name = toQString(group->first);
    }
    m_groups.clear();
    m_total = m_picture.costBetween(m_from, m_to);
    Money rest = m_total;
    for (const Row &row : rows)
        rest -= row.amount.value_or(Money{});
    if (rest > Money{}) {
        rows.push_back({});
        rows.back().amount = rest;
        rows.back().isRest = true;
    }
    m_isCurrent = true;
    const auto sameNames = [](const Row &a, const Row &b) { return a.name == b.name; };
    if (std::ranges::equal(rows, m_rows, sameNames)) {
        m_rows = std::move(rows);
        if (!m_rows.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    } else {
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
    }
    Q_EMIT totalChanged();
}

} // namespace sandglass::models
