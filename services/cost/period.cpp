#include "services/cost/period.h"

#include "services/core/displayzone.h"

#include <QDateTime>
#include <QTimeZone>

namespace sandglass::cost {

namespace {

QTimeZone zoneOf(std::string_view name)
{
    if (name.empty())
        return DisplayZone::zone();
    const QTimeZone zone(QByteArray(name.data(), static_cast<qsizetype>(name.size())));
    return zone.isValid() ? zone : QTimeZone::utc();
}

/// The first moment of the day: where the clock skips midnight, the moment after the gap.
Timestamp startOf(QDate day, const QTimeZone &zone)
{
    return fromUnixMs(day.startOfDay(zone).toMSecsSinceEpoch());
}

} // namespace

bool isTimeZone(std::string_view name)
{
    return name.empty() || QTimeZone(QByteArray(name.data(), static_cast<qsizetype>(name.size()))).isValid();
}

Period periodAt(Timestamp time, PeriodKind kind, const std::string &timeZone)
{
    const QTimeZone zone = zoneOf(timeZone);
    const QDate day = QDateTime::fromMSecsSinceEpoch(toUnixMs(time), zone).date();
    switch (kind) {
    case PeriodKind::Week: {
        const QDate monday = day.addDays(1 - day.dayOfWeek());
        return {startOf(monday, zone), startOf(monday.addDays(7), zone)};
    }
    case PeriodKind::Month: {
        const QDate first(day.year(), day.month(), 1);
        return {startOf(first, zone), startOf(first.addMonths(1), zone)};
    }
    case PeriodKind::Day:
        break;
    }
    return {startOf(day, zone), startOf(day.addDays(1), zone)};
}

const char *nameOf(PeriodKind kind)
{
    switch (kind) {
    case PeriodKind::Week:
        return "week";
    case PeriodKind::Month:
        return "month";
    case PeriodKind::Day:
        break;
    }
    return "day";
}

} // namespace sandglass::cost
