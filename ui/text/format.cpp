#include "ui/text/format.h"

#include "services/core/displayzone.h"
#include "services/core/qtstring.h"
#include "ui/text/displaycurrency.h"

#include <QDateTime>
#include <QLocale>
#include <QTimeZone>

#include <cmath>

using namespace std::chrono;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;

namespace sandglass::ui {

namespace {

QDateTime localTime(Timestamp time)
{
    return DisplayZone::at(time);
}

/// "1 m 04 s": two units, the smaller one padded so that a column of ages does not dance.
QString twoUnits(qint64 larger, QLatin1StringView largerUnit, qint64 smaller, QLatin1StringView smallerUnit)
{
    return u"%1 %2 %3 %4"_s.arg(QString::number(larger), largerUnit, QString::number(smaller).rightJustified(2, u'0'),
                                smallerUnit);
}

} // namespace

QString formatMoney(std::optional<Money> money)
{
    if (!money)
        return u"unknown"_s;
    const Money amount = DisplayCurrency::converted(*money);
    const Money magnitude = amount < Money{} ? Money{} - amount : amount;
    QString text = toQString(magnitude.toFixed(2));
    if (!magnitude.isZero() && magnitude < Money::fromPicoDollars(1'000'000'000'000)) { // below a dollar
        // Never fewer than four decimals, so that the amounts of one column can be compared.
        const QString significant = toQString(magnitude.toSignificant(2));
        const QString four = toQString(magnitude.toFixed(4));
        text = significant.size() > four.size() ? significant : four;
    }
    for (qsizetype at = text.indexOf(u'.') - 3; at > 0; at -= 3)
        text.insert(at, u',');
    return (amount < Money{} ? u"−"_s : QString()) + DisplayCurrency::symbol() + text;
}

QString formatMoneyExact(Money money)
{
    QString text = toQString(money.toFixed(12));
    while (text.endsWith(u'0') && !text.endsWith(".00"_L1))
        text.chop(1);
    return u'$' + text;
}

QString formatRate(Money perHour)
{
    return formatMoney(perHour) + u"/h"_s;
}

QString formatAge(milliseconds age)
{
    const qint64 total = std::max<qint64>(0, floor<seconds>(age).count());
    if (total < 3'600)
        return twoUnits(total / 60, "m"_L1, total % 60, "s"_L1);
    if (total < 86'400)
        return twoUnits(total / 3'600, "h"_L1, total / 60 % 60, "m"_L1);
    return twoUnits(total / 86'400, "d"_L1, total / 3'600 % 24, "h"_L1);
}

QString formatLeft(milliseconds left)
{
    const qint64 total = std::max<qint64>(0, floor<seconds>(left).count());
    if (total < 60)
        return u"%1 s"_s.arg(total);
    if (total < 3'600)
        return u"%1 m"_s.arg(total / 60);
    if (total < 86'400)
        return u"%1 h"_s.arg(total / 3'600);
    return u"%1 d"_s.arg(total / 86'400);
}

QString formatDuration(nanoseconds duration)
{
    const double ms = std::max(0.0, static_cast<double>(duration.count()) / 1e6);
    if (ms < 10)
        return u"%1 ms"_s.arg(ms, 0, 'f', 1);
    if (ms < 1'000)
        return u"%1 ms"_s.arg(ms, 0, 'f', 0);
    if (ms < 60'000)
        return u"%1 s"_s.arg(ms / 1'000, 0, 'f', 1);
    return formatAge(duration_cast<milliseconds>(duration));
}

QString formatClock(Timestamp time)
{
    return localTime(time).toString(u"HH:mm:ss"_s);
}

QString formatSpan(Timestamp from, Timestamp to)
{
    const QDateTime first = localTime(from);
    const QDateTime last = localTime(to);
    const bool isShort = to - from < 10min;
    const QString clock = isShort ? u"HH:mm:ss"_s : u"HH:mm"_s;
    const bool isOneDay = first.date() == last.date();
    const QString format = isOneDay ? clock : u"d MMM "_s + clock;
    return first.toString(format) + u" – "_s + last.toString(format);
}

QString formatDateTime(Timestamp time)
{
    const QDateTime local = localTime(time);
    return local.toString(u"yyyy-MM-dd HH:mm:ss.zzz "_s) + local.timeZoneAbbreviation();
}

QString formatBytes(std::int64_t bytes)
{
    return QLocale(QLocale::English).formattedDataSize(bytes, bytes < 1'024 ? 0 : 1);
}

QString formatCount(std::int64_t count)
{
    return QLocale().toString(static_cast<qlonglong>(count));
}

} // namespace sandglass::ui
