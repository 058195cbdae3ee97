#include "models/settings/ratecardmodel.h"

#include "services/core/money.h"
#include "services/core/qtstring.h"

#include <QDate>

#include <algorithm>

namespace sandglass::models {

namespace {

constexpr std::int64_t priceLimit = 1'000'000'000'000; // one dollar per second: anything above is a slip of the hand

std::string trimmedDollars(std::int64_t pico)
{
    std::string text = Money::fromPicoDollars(pico).toFixed(12);
    text.erase(text.find_last_not_of('0') + 1);
    return text.ends_with('.') ? text + "0" : text;
}

Timestamp startOf(const QDate &date)
{
    return fromUnixMs(QDateTime(date, QTime(0, 0), Qt::UTC).toMSecsSinceEpoch());
}

} // namespace

RateCardModel::RateCardModel(PriceBook &book, QObject *parent) : QAbstractTableModel(parent), m_book(book)
{
    connect(&m_book, &PriceBook::changed, this, [this] {
        beginResetModel(); // a new date may move rows
        endResetModel();
        Q_EMIT cardChanged();
    });
}

void RateCardModel::setConnection(const QString &id)
{
    beginResetModel();
    m_connection = id;
    endResetModel();
    Q_EMIT cardChanged();
}

int RateCardModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(card().rates().size());
}

int RateCardModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant RateCardModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    if (role == Qt::TextAlignmentRole && (index.column() == VcpuColumn || index.column() == GibColumn))
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole && role != Qt::EditRole)
        return {};
    const cost::Rate &rate = card().rates()[static_cast<std::size_t>(index.row())];
    switch (index.column()) {
    case FromColumn:
        return toQString(formatRfc3339(rate.validFrom, 0).substr(0, 10));
    case VcpuColumn:
        return toQString(trimmedDollars(rate.picoPerVcpuSecond));
    case GibColumn:
        return toQString(trimmedDollars(rate.picoPerGibSecond));
    case SourceColumn:
        return toQString(rate.source);
    default:
        return {};
    }
}

QVariant RateCardModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole
        && (section == VcpuColumn || section == GibColumn))
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= ColumnCount)
        return {};
    static const char *const names[ColumnCount] = {QT_TR_NOOP("Valid from (UTC)"), QT_TR_NOOP("$ per vCPU-second"),
                                                   QT_TR_NOOP("$ per GiB-second"), QT_TR_NOOP("Source")};
    return tr(names[section]);
}

Qt::ItemFlags RateCardModel::flags(const QModelIndex &index) const
{
    return index.isValid() ? QAbstractTableModel::flags(index) | Qt::ItemIsEditable : Qt::NoItemFlags;
}

bool RateCardModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    if (role != Qt::EditRole || !checkIndex(index, CheckIndexOption::IndexIsValid))
        return false;
    std::vector<cost::Rate> rates = card().rates();
    cost::Rate &rate = rates[static_cast<std::size_t>(index.row())];
    const QString text = value.toString().trimmed();
    if (index.column() == SourceColumn) {
        rate.source = toUtf8(text.left(200));
    } else if (index.column() == FromColumn) {
        const QDate date = QDate::fromString(text, Qt::ISODate);
        if (!date.isValid() || date.year() < 2000 || date.year() > 2200) {
            Q_EMIT refused(tr("A date is written 2026-08-31."));
            return false;
        }
        rate.validFrom = startOf(date);
    } else {
        const auto money = Money::parse(toUtf8(text));
        const std::int64_t pico = money ? money->toPicoDollars() : -1;
        if (pico < 0 || pico > priceLimit) {
            Q_EMIT refused(tr("A price is dollars per second such as 0.000014, at most 1."));
            return false;
        }
        (index.column() == VcpuColumn ? rate.picoPerVcpuSecond : rate.picoPerGibSecond) = pico;
    }
    return replaceRates(std::move(rates));
}

bool RateCardModel::replaceRates(std::vector<cost::Rate> rates)
{
    const auto set = m_book.setRates(m_connection, std::move(rates));
    if (!set)
        Q_EMIT refused(toQString(set.error().message));
    return set.has_value();
}

void RateCardModel::addRate()
{
    std::vector<cost::Rate> rates = card().rates();
    cost::Rate fresh = rates.empty() ? cost::Rate{} : rates.back();
    QDate day = QDateTime::currentDateTimeUtc().date();
    while (std::ranges::any_of(rates, [&day](const cost::Rate &rate) { return rate.validFrom == startOf(day); }))
        day = day.addDays(1);
    fresh.validFrom = startOf(day);
    fresh.source = toUtf8(tr("own price"));
    rates.push_back(std::move(fresh));
    replaceRates(std::move(rates));
}

void RateCardModel::removeRate(int row)
{
    std::vector<cost::Rate> rates = card().rates();
    if (row < 0 || row >= static_cast<int>(rates.size()) || rates.size() == 1)
        return;
    rates.erase(rates.begin() + row);
    replaceRates(std::move(rates));
}

void RateCardModel::reset()
{
    m_book.reset(m_connection);
}

} // namespace sandglass::models
