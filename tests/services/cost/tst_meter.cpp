#include "services/core/result.h"
#include "services/cost/meter.h"

#include <QTest>

#include <random>

using namespace sandglass;
using namespace std::chrono_literals;
using cost::RateCard;
using cost::Usage;

namespace {

const Timestamp start = parseRfc3339("2026-08-20T10:00:00.000123456Z").value();

RateCard listPrice()
{
    return RateCard::fromJson(R"({"currency": "USD", "rates": [{"valid_from": "2026-08-06T00:00:00Z",
        "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045", "source": "list"}]})")
        .value();
}

/// List price until one hour after `start`, ten times as much from then on.
RateCard risingPrice()
{
    return RateCard::fromJson(R"({"currency": "USD", "rates": [
        {"valid_from": "2026-08-06T00:00:00Z", "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"},
        {"valid_from": "2026-08-20T11:00:00.000123456Z", "usd_per_vcpu_second": "0.00014",
         "usd_per_gib_second": "0.000045"}]})")
        .value();
}

Usage usage(std::int64_t seconds, int vcpu = 2, int memoryMb = 512)
{
    return {start, start + std::chrono::seconds(seconds), {}, vcpu, memoryMb};
}

Money dollars(const char *text)
{
    return Money::parse(text).value();
}

} // namespace

class TestMeter : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void listPriceVectors_data();
    void listPriceVectors();
    void pauseIsNotBilled();
    void windowIsHalfOpen();
    void priceChangeSplitsTheStretch();
    void firstPriceCoversTimeBeforeIt();
    void confirmedTimeOverridesTheClock();
    void unknownSizeHasNoPrice_data();
    void unknownSizeHasNoPrice();
    void emptyCardHasNoPrice();
    void brokenTimesCostNothing();
    void extremesStayInRange();
    void piecesAddUpToTheWhole();
    void partsAddUpToThePrice();
    void hourlyRate();
};

void TestMeter::listPriceVectors_data()
{
    QTest::addColumn<int>("vcpu");
    QTest::addColumn<int>("memoryMb");
    QTest::addColumn<int>("seconds");
    QTest::addColumn<QByteArray>("price");
    QTest::newRow("5 s") << 2 << 512 << 5 << QByteArray("0.00015125");
    QTest::newRow("90 s") << 2 << 512 << 90 << QByteArray("0.0027225");
    QTest::newRow("600 s") << 2 << 512 << 600 << QByteArray("0.01815");
    QTest::newRow("1 h") << 2 << 512 << 3600 << QByteArray("0.1089");
    QTest::newRow("24 h") << 2 << 512 << 86'400 << QByteArray("2.6136");
    QTest::newRow("2 vCPU, 1 GiB") << 2 << 1024 << 3600 << QByteArray("0.117");
    QTest::newRow("2 vCPU, 4 GiB") << 2 << 4096 << 3600 << QByteArray("0.1656");
    QTest::newRow("8 vCPU, 8 GiB") << 8 << 8192 << 3600 << QByteArray("0.5328");
    QTest::newRow("8 vCPU, 4 GiB") << 8 << 4096 << 3600 << QByteArray("0.468");
}

void TestMeter::listPriceVectors()
{
    QFETCH(int, vcpu);
    QFETCH(int, memoryMb);
    QFETCH(int, seconds);
    QFETCH(QByteArray, price);
    const auto priced = cost::priceOf(usage(seconds, vcpu, memoryMb), listPrice());
    QVERIFY(priced.has_value());
    QCOMPARE(priced->toFixed(12), dollars(price.constData()).toFixed(12));
    QVERIFY(*priced == dollars(price.constData()));
}

void TestMeter::pauseIsNotBilled()
{
    Usage second = usage(300);
    second.start += 3600s;
    second.end += 3600s;
    const Money sum = *cost::priceOf(usage(600), listPrice()) + *cost::priceOf(second, listPrice());
    QVERIFY(sum == dollars("0.027225"));
}

void TestMeter::windowIsHalfOpen()
{
    const RateCard card = listPrice();
    const Usage hour = usage(3600);
    const auto price = [&](Timestamp from, Timestamp to) { return cost::priceOf(hour, card, from, to).value(); };
    QVERIFY(price(start + 10min, start + 20min) == dollars("0.01815"));
    QVERIFY(price(start - 1h, start).isZero());
    QVERIFY(price(hour.end, hour.end + 1h).isZero());
    QVERIFY(price(start - 1h, start + 5s) == dollars("0.00015125"));
    QVERIFY(price(hour.end - 5s, hour.end + 1h) == dollars("0.00015125"));
    QVERIFY(price(start + 20min, start + 10min).isZero());
}

void TestMeter::priceChangeSplitsTheStretch()
{
    const auto price = cost::priceOf(usage(2 * 3600), risingPrice());
    QVERIFY(*price == dollars("0.1089") + dollars("1.089"));
    QVERIFY(*cost::priceOf(usage(2 * 3600), risingPrice(), start + 30min, start + 90min)
            == dollars("0.05445") + dollars("0.5445"));
    QVERIFY(*cost::priceOf(usage(2 * 3600), risingPrice(), start + 1h, start + 2h) == dollars("1.089"));
}

void TestMeter::firstPriceCoversTimeBeforeIt()
{
    Usage early = usage(3600);
    early.start -= std::chrono::days(400);
    early.end -= std::chrono::days(400);
    QVERIFY(*cost::priceOf(early, risingPrice()) == dollars("0.1089"));
}

void TestMeter::confirmedTimeOverridesTheClock()
{
    Usage run = usage(3600);
    run.confirmedMs = 90'000;
    QVERIFY(*cost::priceOf(run, listPrice()) == dollars("0.0027225"));
    QVERIFY(cost::priceOf(run, listPrice(), start + 90s, start + 1h)->isZero());
    run.confirmedMs = 7'200'000;
    QVERIFY(*cost::priceOf(run, listPrice()) == dollars("0.2178"));
}

void TestMeter::unknownSizeHasNoPrice_data()
{
    QTest::addColumn<int>("vcpu");
    QTest::addColumn<int>("memoryMb");
    QTest::newRow("nothing") << 0 << 0;
    QTest::newRow("no memory") << 2 << 0;
    QTest::newRow("no vCPU") << 0 << 512;
    QTest::newRow("negative") << -2 << 512;
    QTest::newRow("absurd") << 2'000'000'000 << 512;
}

void TestMeter::unknownSizeHasNoPrice()
{
    QFETCH(int, vcpu);
    QFETCH(int, memoryMb);
    QVERIFY(!cost::priceOf(usage(5, vcpu, memoryMb), listPrice()).has_value());
    QVERIFY(!cost::hourlyRate(vcpu, memoryMb, listPrice(), start).has_value());
}

void TestMeter::emptyCardHasNoPrice()
{
    QVERIFY(!cost::priceOf(usage(5), RateCard()).has_value());
    QVERIFY(!cost::hourlyRate(2, 512, RateCard(), start).has_value());
}

void TestMeter::brokenTimesCostNothing()
{
    QVERIFY(cost::priceOf(usage(-5), listPrice())->isZero());
    Usage run = usage(5);
    run.confirmedMs = -1;
    QVERIFY(cost::priceOf(run, listPrice())->isZero());
}

void TestMeter::extremesStayInRange()
{
    const Usage ever{Timestamp::min(), Timestamp::max(), {}, 1 << 16, 1 << 30};
    const auto price = cost::priceOf(ever, risingPrice());
    QVERIFY(price.has_value());
    QVERIFY(*price > Money());
    const Usage endless{start, start, INT64_MAX, 2, 512};
    QCOMPARE(endless.effectiveEnd() <= Timestamp::max(), true);
    QVERIFY(*cost::priceOf(endless, listPrice()) > Money());
}

void TestMeter::piecesAddUpToTheWhole()
{
    constexpr unsigned seed = 20260820;
    std::mt19937_64 random(seed);
    const RateCard card = risingPrice();
    for (int round = 0; round < 500; ++round) {
        Usage run = usage(0, 1 + static_cast<int>(random() % 8), 128 + static_cast<int>(random() % 8192));
        run.start += std::chrono::nanoseconds(random() % 7'000'000'000'000ULL);
        run.end = run.start + std::chrono::nanoseconds(random() % 7'000'000'000'000ULL);
        Money sum;
        Timestamp cursor = run.start - 1s;
        while (cursor < run.end) {
            const Timestamp next = cursor + std::chrono::nanoseconds(1 + random() % 1'000'000'000'000ULL);
            sum += cost::priceOf(run, card, cursor, next).value();
            cursor = next;
        }
        QVERIFY2(sum == cost::priceOf(run, card).value(), qPrintable(QStringLiteral("seed %1").arg(seed)));
    }
}

void TestMeter::partsAddUpToThePrice()
{
    Usage resized = usage(600, 4, 1000);
    resized.start += 3h;
    resized.end += 3h;
    const std::vector<Usage> usages = {usage(5'400), usage(300), resized, usage(60, 0, 0)};
    const RateCard card = risingPrice(); // 3600 s and 300 s of the first size at the old price, 1800 s at the new
    const auto parts = cost::partsOf(usages, card);
    QCOMPARE(parts.size(), 3U);
    QCOMPARE(parts[0].ms, 3'900'000);
    QCOMPARE(parts[1].ms, 1'800'000);
    QCOMPARE(parts[1].picoPerVcpuSecond, 140'000'000);
    QCOMPARE(parts[2].memoryMb, 1'000);
    Money sum;
    for (const auto &part : parts)
        sum += part.amount();
    Money whole;
    for (const Usage &each : usages)
        whole += cost::priceOf(each, card).value_or(Money{});
    QCOMPARE(sum, whole);
    QVERIFY(cost::partsOf(usages, {}).empty());
}

void TestMeter::hourlyRate()
{
    QVERIFY(cost::hourlyRate(2, 512, listPrice(), start) == dollars("0.1089"));
    QVERIFY(cost::hourlyRate(2, 512, risingPrice(), start) == dollars("0.1089"));
    QVERIFY(cost::hourlyRate(2, 512, risingPrice(), start + 1h) == dollars("1.089"));
}

QTEST_GUILESS_MAIN(TestMeter)
#include "tst_meter.moc"
