#include "models/settings/modelpricesmodel.h"

#include "services/core/qtstring.h"

#include <QDate>
#include <QScopedValueRollback>

#include <algorithm>
#include <utility>

namespace sandglass::models {

namespace {

using refine::ModelPrice;

Timestamp startOf(const QDate &date)
{
    return fromUnixMs(QDateTime(date, QTime(0, 0), Qt::UTC).toMSecsSinceEpoch());
}

QString priceText(std::optional<std::int64_t> pico)
{
    return pico && *pico >= 0 ? toQString(refine::perMillionText(*pico)) : QString();
}

} // namespace

ModelPricesModel::ModelPricesModel(ModelPriceBook &book, QObject *parent) : QAbstractTableModel(parent), m_book(book)
{
    connect(&m_book, &ModelPriceBook::changed, this, [this] {
        if (m_isEditing) { // a cell of the same row; a reset would take its editor away while it commits
            m_draft.reset();
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
        } else {
            beginResetModel(); // a new date may move rows
            m_draft.reset();
            endResetModel();
        }
        Q_EMIT pricesChanged();
    });
}

void ModelPricesModel::setModel(const refine::ModelConnection &model)
{
    beginResetModel();
    m_model = model;
    m_draft.reset();
    endResetModel();
    Q_EMIT pricesChanged();
}

bool ModelPricesModel::isOwn() const
{
    return m_book.isOwn(toQString(m_model.id));
}

int ModelPricesModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : m_draft ? 1 : static_cast<int>(prices().size());
}

int ModelPricesModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant ModelPricesModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    if (role == Qt::TextAlignmentRole && index.column() >= InputColumn && index.column() <= OutputColumn)
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    const ModelPrice &price = m_draft ? *m_draft : prices()[static_cast<std::size_t>(index.row())];
    const bool isAsInput = (index.column() == CachedColumn && !price.picoPerCachedInput)
        || (index.column() == WrittenColumn && !price.picoPerCacheWrite);
    if (role == Qt::ToolTipRole && isAsInput)
        return tr("as input");
    if (role != Qt::DisplayRole && role != Qt::EditRole)
        return {};
    switch (index.column()) {
    case FromColumn:
        return toQString(formatRfc3339(price.validFrom, 0).substr(0, 10));
    case InputColumn:
        return priceText(price.picoPerInput);
    case CachedColumn:
        return priceText(price.picoPerCachedInput);
    case WrittenColumn:
        return priceText(price.picoPerCacheWrite);
    case OutputColumn:
        return priceText(price.picoPerOutput);
    case SourceColumn:
        return toQString(price.source);
    default:
        return {};
    }
}

QVariant ModelPricesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole && section >= InputColumn && section <= OutputColumn)
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    static const char *const names[ColumnCount] = {QT_TR_NOOP("Valid from (UTC)"), QT_TR_NOOP("Input"),
                                                   QT_TR_NOOP("Cached input"),     QT_TR_NOOP("Cache write"),
                                                   QT_TR_NOOP("Output"),           QT_TR_NOOP("Source")};
    return tr(names[section]);
}

Qt::ItemFlags ModelPricesModel::flags(const QModelIndex &index) const
{
    return index.isValid() ? QAbstractTableModel::flags(index) | Qt::ItemIsEditable : Qt::NoItemFlags;
}

bool ModelPricesModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    if (role != Qt::EditRole || !checkIndex(index, CheckIndexOption::IndexIsValid))
        return false;
    const QString text = value.toString().trimmed();
    const QScopedValueRollback editing(m_isEditing, index.column() != FromColumn || rowCount() == 1);
    if (m_draft) {
        if (!change(index.column(), text, *m_draft))
            return false;
        if (m_draft->picoPerInput >= 0 && m_draft->picoPerOutput >= 0)
            return replace({*m_draft});
        Q_EMIT dataChanged(index, index);
        return true;
    }
    std::vector<ModelPrice> changed = prices();
    return change(index.column(), text, changed[static_cast<std::size_t>(index.row())]) && replace(std::move(changed));
}

bool ModelPricesModel::change(int column, const QString &text, ModelPrice &price)
{
    const bool mayBeEmpty = column == CachedColumn || column == WrittenColumn;
    if (column == SourceColumn) {
        price.source = toUtf8(text.left(200));
        return true;
    }
    if (column == FromColumn) {
        const QDate date = QDate::fromString(text, Qt::ISODate);
        if (!date.isValid() || date.year() < 2000 || date.year() > 2200) {
            Q_EMIT refused(tr("A date is written 2026-08-31."));
            return false;
        }
        price.validFrom = startOf(date);
        return true;
    }
    const auto pico = refine::parsePerMillion(toUtf8(text));
    if (!pico && !(mayBeEmpty && text.isEmpty())) {
        Q_EMIT refused(tr("A price is dollars per million tokens such as 0.15, at most 10000, with at most six "
                          "decimals."));
        return false;
    }
    if (column == InputColumn)
        price.picoPerInput = *pico;
    else if (column == OutputColumn)
        price.picoPerOutput = *pico;
    else
        (column == CachedColumn ? price.picoPerCachedInput : price.picoPerCacheWrite) = pico;
    return true;
}

bool ModelPricesModel::replace(std::vector<ModelPrice> prices)
{
    const auto set = m_book.setPrices(toQString(m_model.id), std::move(prices));
    if (!set)
        Q_EMIT refused(toQString(set.error().message));
    return set.has_value();
}

void ModelPricesModel::addPrice()
{
    if (m_model.id.empty() || m_draft)
        return;
    std::vector<ModelPrice> changed = prices();
    QDate day = QDateTime::currentDateTimeUtc().date();
    if (changed.empty()) {
        beginResetModel();
        m_draft = ModelPrice{startOf(day), -1, -1, {}, {}, toUtf8(tr("own price"))};
        endResetModel();
        Q_EMIT pricesChanged();
        return;
    }
    ModelPrice fresh = changed.back();
    while (std::ranges::any_of(changed, [&day](const ModelPrice &price) { return price.validFrom == startOf(day); }))
        day = day.addDays(1);
    fresh.validFrom = startOf(day);
    fresh.source = toUtf8(tr("own price"));
    changed.push_back(std::move(fresh));
    replace(std::move(changed));
}

void ModelPricesModel::removePrice(int row)
{
    if (m_draft)
        return setModel(refine::ModelConnection(m_model)); // without it
    std::vector<ModelPrice> changed = prices();
    if (row < 0 || row >= static_cast<int>(changed.size()))
        return;
    changed.erase(changed.begin() + row);
    if (changed.empty())
        return reset();
    replace(std::move(changed));
}

void ModelPricesModel::makeFree()
{
    if (m_model.id.empty())
        return;
    ModelPrice nothing;
    nothing.validFrom = startOf(QDate(2000, 1, 1));
    nothing.source = toUtf8(tr("runs here, costs nothing"));
    replace({std::move(nothing)});
}

void ModelPricesModel::reset()
{
    m_book.reset(toQString(m_model.id));
}

} // namespace sandglass::models
