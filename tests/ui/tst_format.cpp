#include "services/core/displayzone.h"
#include "ui/text/displaycurrency.h"
#include "ui/text/format.h"

#include <QScopeGuard>
#include <QTest>

using namespace sandglass;
using namespace std::chrono_literals;

class TestFormat final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void money_data();
    void money();
    void unknownMoneyIsNoZero();
    void exactMoneyKeepsEveryDigit();
    void ages_data();
    void ages();
    void durations_data();
    void durations();
    void bytes();
    void timesInOneZone();
    void amountsInACurrency();
};

void TestFormat::money_data()
{
    QTest::addColumn<QByteArray>("dollars");
    QTest::addColumn<QString>("text");
    QTest::newRow("dollars") << QByteArray("11.8712") << QStringLiteral("$11.87");
    QTest::newRow("thousands") << QByteArray("1234.5") << QStringLiteral("$1,234.50");
    QTest::newRow("millions back") << QByteArray("-1234567.891") << QStringLiteral("−$1,234,567.89");
    QTest::newRow("cents") << QByteArray("0.07444") << QStringLiteral("$0.0744");
    QTest::newRow("small") << QByteArray("0.0019") << QStringLiteral("$0.0019");
    QTest::newRow("tiny") << QByteArray("0.0000151") << QStringLiteral("$0.000015");
    QTest::newRow("zero") << QByteArray("0") << QStringLiteral("$0.00");
    QTest::newRow("back") << QByteArray("-2.5") << QStringLiteral("−$2.50");
}

void TestFormat::money()
{
    QFETCH(QByteArray, dollars);
    QFETCH(QString, text);
    QCOMPARE(ui::formatMoney(Money::parse(dollars.toStdString())), text);
}

void TestFormat::unknownMoneyIsNoZero()
{
    QCOMPARE(ui::formatMoney({}), QStringLiteral("unknown"));
}

void TestFormat::exactMoneyKeepsEveryDigit()
{
    QCOMPARE(ui::formatMoneyExact(*Money::parse("0.000151250001")), QStringLiteral("$0.000151250001"));
    QCOMPARE(ui::formatMoneyExact(*Money::parse("3")), QStringLiteral("$3.00"));
}

void TestFormat::ages_data()
{
    QTest::addColumn<qint64>("ms");
    QTest::addColumn<QString>("age");
    QTest::addColumn<QString>("left");
    QTest::newRow("seconds") << qint64(59'900) << QStringLiteral("0 m 59 s") << QStringLiteral("59 s");
    QTest::newRow("minutes") << qint64(64'000) << QStringLiteral("1 m 04 s") << QStringLiteral("1 m");
    QTest::newRow("hours") << qint64(7'500'000) << QStringLiteral("2 h 05 m") << QStringLiteral("2 h");
    QTest::newRow("days") << qint64(273'600'000) << QStringLiteral("3 d 04 h") << QStringLiteral("3 d");
    QTest::newRow("clock moved back") << qint64(-5) << QStringLiteral("0 m 00 s") << QStringLiteral("0 s");
}

void TestFormat::ages()
{
    QFETCH(qint64, ms);
    QFETCH(QString, age);
    QFETCH(QString, left);
    QCOMPARE(ui::formatAge(std::chrono::milliseconds(ms)), age);
    QCOMPARE(ui::formatLeft(std::chrono::milliseconds(ms)), left);
}

void TestFormat::durations_data()
{
    QTest::addColumn<qint64>("us");
    QTest::addColumn<QString>("text");
    QTest::newRow("2.1 ms") << qint64(2'140) << QStringLiteral("2.1 ms");
    QTest::newRow("240 ms") << qint64(240'400) << QStringLiteral("240 ms");
    QTest::newRow("1.9 s") << qint64(1'900'000) << QStringLiteral("1.9 s");
    QTest::newRow("minutes") << qint64(64'000'000) << QStringLiteral("1 m 04 s");
    QTest::newRow("never negative") << qint64(-1) << QStringLiteral("0.0 ms");
}

void TestFormat::durations()
{
    QFETCH(qint64, us);
    QFETCH(QString, text);
    QCOMPARE(ui::formatDuration(std::chrono::microseconds(us)), text);
}

void TestFormat::bytes()
{
    QCOMPARE(ui::formatBytes(512), QStringLiteral("512 bytes"));
    QCOMPARE(ui::formatBytes(1'503'238'554), QStringLiteral("1.4 GiB"));
}

void TestFormat::timesInOneZone()
{
    const QByteArray before = qgetenv("TZ");
    const auto restore = qScopeGuard([&before] {
        qputenv("TZ", before);
        DisplayZone::setUtc(false);
    });
    qputenv("TZ", "Asia/Kolkata");
    const Timestamp time = *parseRfc3339("2026-08-20T20:00:05Z");
    QCOMPARE(ui::formatClock(time), QStringLiteral("01:30:05"));
    QCOMPARE(ui::formatSpan(time, time + 1h), QStringLiteral("01:30 – 02:30"));
    DisplayZone::setUtc(true);
    QCOMPARE(ui::formatClock(time), QStringLiteral("20:00:05"));
    QCOMPARE(ui::formatSpan(time, time + 1h), QStringLiteral("20:00 – 21:00"));
    QCOMPARE(ui::formatDateTime(time), QStringLiteral("2026-08-20 20:00:05.000 UTC"));
}

void TestFormat::amountsInACurrency()
{
    const auto restore = qScopeGuard([] { ui::DisplayCurrency::set({}, {}); });
    const Money amount = *Money::parse("12.5");
    QVERIFY(ui::DisplayCurrency::set(QStringLiteral("EUR"), QStringLiteral("0.92")));
    QCOMPARE(ui::formatMoney(amount), QStringLiteral("€11.50"));
    QCOMPARE(ui::formatMoney(Money{} - amount), QStringLiteral("−€11.50"));
    QCOMPARE(ui::formatMoney({}), QStringLiteral("unknown"));
    QCOMPARE(ui::formatMoneyExact(amount), QStringLiteral("$12.5")); // what it is
    QVERIFY(ui::DisplayCurrency::set(QStringLiteral("CHF"), QStringLiteral("0.8")));
    QCOMPARE(ui::formatMoney(amount), QStringLiteral("CHF\u00a010.00"));
    for (const char *rate : {"", "0", "-1", "abc", "1000000", "0.0000001"})
        QVERIFY(!ui::DisplayCurrency::set(QStringLiteral("EUR"), QString::fromLatin1(rate)));
    QVERIFY(!ui::DisplayCurrency::set(QStringLiteral("EURO"), QStringLiteral("1")));
    QCOMPARE(ui::formatMoney(amount), QStringLiteral("CHF\u00a010.00")); // as before
    QVERIFY(ui::DisplayCurrency::set(QStringLiteral("USD"), {}));
    QCOMPARE(ui::formatMoney(amount), QStringLiteral("$12.50"));
}

QTEST_GUILESS_MAIN(TestFormat)
#include "tst_format.moc"
