#include "services/core/displayzone.h"
#include "services/cost/period.h"

#include <QScopeGuard>
#include <QTest>

#include <random>

using namespace sandglass;
using namespace std::chrono_literals;
using cost::PeriodKind;

class TestPeriod : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void boundaries_data();
    void boundaries();
    void unknownZoneCountsAsUtc();
    void withoutAZoneTheProgramsHolds();
    void periodsTileTheTime();
};

void TestPeriod::boundaries_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<QByteArray>("zone");
    QTest::addColumn<QByteArray>("time");
    QTest::addColumn<QByteArray>("from");
    QTest::addColumn<QByteArray>("to");
    const auto row = [](const char *name, PeriodKind kind, const char *zone, const char *time, const char *from,
                        const char *to) {
        QTest::newRow(name) << static_cast<int>(kind) << QByteArray(zone) << QByteArray(time) << QByteArray(from)
                            << QByteArray(to);
    };
    row("UTC", PeriodKind::Day, "UTC", "2026-08-20T23:59:59.999Z", "2026-08-20T00:00:00Z", "2026-08-21T00:00:00Z");
    row("first moment", PeriodKind::Day, "UTC", "2026-08-21T00:00:00Z", "2026-08-21T00:00:00Z", "2026-08-22T00:00:00Z");
    row("23 hours", PeriodKind::Day, "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z",
        "2026-03-29T22:00:00Z");
    row("25 hours", PeriodKind::Day, "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z",
        "2026-10-25T23:00:00Z");
    row("no midnight", PeriodKind::Day, "America/Santiago", "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z",
        "2026-09-07T03:00:00Z");
    row("half an hour", PeriodKind::Day, "Asia/Kolkata", "2026-08-20T18:30:00Z", "2026-08-20T18:30:00Z",
        "2026-08-21T18:30:00Z");
    row("week of a change", PeriodKind::Week, "Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-18T22:00:00Z",
        "2026-10-25T23:00:00Z");
    row("month of a change", PeriodKind::Month, "America/New_York", "2026-03-15T00:00:00Z", "2026-03-01T05:00:00Z",
        "2026-04-01T04:00:00Z");
    row("leap year", PeriodKind::Month, "UTC", "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z");
}

void TestPeriod::boundaries()
{
    QFETCH(int, kind);
    QFETCH(QByteArray, zone);
    QFETCH(QByteArray, time);
    QFETCH(QByteArray, from);
    QFETCH(QByteArray, to);
    QVERIFY(cost::isTimeZone(zone.toStdString()));
    const cost::Period period =
        cost::periodAt(parseRfc3339(time.toStdString()).value(), static_cast<PeriodKind>(kind), zone.toStdString());
    QCOMPARE(QByteArray::fromStdString(formatRfc3339(period.from, 0)), from);
    QCOMPARE(QByteArray::fromStdString(formatRfc3339(period.to, 0)), to);
}

void TestPeriod::withoutAZoneTheProgramsHolds()
{
    const QByteArray before = qgetenv("TZ");
    const auto restore = qScopeGuard([&before] {
        qputenv("TZ", before);
        DisplayZone::setUtc(false);
    });
    qputenv("TZ", "Europe/Berlin");
    const auto dayAt = [](const char *time) {
        return formatRfc3339(cost::periodAt(*parseRfc3339(time), PeriodKind::Day, {}).from, 0);
    };
    QCOMPARE(dayAt("2026-08-20T23:30:00Z"), std::string("2026-08-20T22:00:00Z"));
    DisplayZone::setUtc(true);
    QCOMPARE(dayAt("2026-08-20T23:30:00Z"), std::string("2026-08-20T00:00:00Z"));
}

void TestPeriod::unknownZoneCountsAsUtc()
{
    QVERIFY(!cost::isTimeZone("Mars/Olympus"));
    QVERIFY(cost::isTimeZone(""));
    const Timestamp time = parseRfc3339("2026-08-20T10:00:00Z").value();
    QVERIFY(cost::periodAt(time, PeriodKind::Day, "Mars/Olympus") == cost::periodAt(time, PeriodKind::Day, "UTC"));
}

void TestPeriod::periodsTileTheTime()
{
    constexpr unsigned seed = 20260820;
    std::mt19937_64 random(seed);
    const std::vector<std::string> zones = {
        "UTC",         "Europe/Berlin",       "America/New_York", "America/Santiago", "Asia/Kolkata",
        "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia",     "Africa/Cairo",     "America/Sao_Paulo"};
    const std::int64_t first = toUnixMs(parseRfc3339("2008-01-01T00:00:00Z").value());
    for (int round = 0; round < 3'000; ++round) {
        const std::string &zone = zones[random() % zones.size()];
        const auto kind = static_cast<PeriodKind>(random() % 3);
        const Timestamp time = fromUnixMs(first + static_cast<std::int64_t>(random() % (30ULL * 365 * 86'400'000)));
        const cost::Period period = cost::periodAt(time, kind, zone);
        const std::string where = zone + " " + formatRfc3339(time) + " seed " + std::to_string(seed);
        QVERIFY2(period.contains(time), where.c_str());
        QVERIFY2(cost::periodAt(period.from, kind, zone) == period, where.c_str());
        QVERIFY2(cost::periodAt(period.to - 1ms, kind, zone) == period, where.c_str());
        QVERIFY2(cost::periodAt(period.to, kind, zone).from == period.to, where.c_str());
    }
}

QTEST_GUILESS_MAIN(TestPeriod)
#include "tst_period.moc"
