#include "services/cost/planlimits.h"
#include "services/cost/whatif.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::cost;
using namespace std::chrono_literals;

namespace {

const Timestamp start = parseRfc3339("2026-08-20T10:00:00Z").value();

RateCard listPrice()
{
    return RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045"}]})")
        .value();
}

/// 2 vCPU and 512 MiB: $0.1089 per hour.
PastRun run(std::chrono::minutes from, std::chrono::minutes length)
{
    return {{start + from, start + from + length, {}, 2, 512}, false};
}

} // namespace

class TestWhatIf final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void planEndsLongRunsAndHasAFee();
    void limitsAreReached();
    void placesAreTakenInOrder_data();
    void placesAreTakenInOrder();
    void delayedRunsPayTheLaterPrice();
};

void TestWhatIf::planEndsLongRunsAndHasAFee()
{
    const std::vector<PastRun> runs = {run(0min, 60min), run(0min, 180min)};
    WhatIf change;
    change.plan = listPlans().front();
    const auto hobby = whatIf(runs, change, listPrice());
    QCOMPARE(hobby.was, *Money::parse("0.4356"));
    QCOMPARE(hobby.now, *Money::parse("0.2178"));
    QCOMPARE(hobby.cutShort, 1); // exactly an hour is allowed
    QVERIFY(hobby.feePerMonth && hobby.feePerMonth->isZero());
    change.plan = listPlans().back();
    const auto pro = whatIf(runs, change, listPrice());
    QCOMPARE(pro.now, pro.was);
    QCOMPARE(pro.cutShort, 0);
    QVERIFY(pro.feePerMonth == Money::parse("150"));
    QVERIFY(!whatIf(runs, {}, listPrice()).feePerMonth);
}

void TestWhatIf::limitsAreReached()
{
    const auto counts = [](std::optional<int> running, std::chrono::seconds timeout) {
        const PlanLimits limits = limitsReached(running, timeout);
        return std::pair(limits.full.size(), limits.tooLong.size());
    };
    QVERIFY(counts(19, 1h) == std::pair(0UL, 0UL));
    QVERIFY(counts(20, 1h + 1s) == std::pair(1UL, 1UL));
    QVERIFY(counts(100, 24h + 1s) == std::pair(2UL, 2UL));
    QVERIFY(counts({}, 24h) == std::pair(0UL, 1UL));
    QCOMPARE(limitsReached(20, 1min).full.front().name, std::string("Hobby"));
}

void TestWhatIf::placesAreTakenInOrder_data()
{
    QTest::addColumn<int>("places");
    QTest::addColumn<int>("delayed");
    QTest::addColumn<int>("longestWait");
    QTest::newRow("enough") << 3 << 0 << 0;
    QTest::newRow("two") << 2 << 1 << 8;
    QTest::newRow("one") << 1 << 2 << 18; // 0-10, 10-20, 20-30
}

void TestWhatIf::placesAreTakenInOrder()
{
    QFETCH(int, places);
    QFETCH(int, delayed);
    QFETCH(int, longestWait);
    const std::vector<PastRun> runs = {run(2min, 10min), run(0min, 10min), run(1min, 10min), run(90min, 1min)};
    WhatIf change;
    change.maxConcurrent = places;
    const auto result = whatIf(runs, change, listPrice());
    QCOMPARE(result.mostAtOnce, 3);
    QCOMPARE(result.delayed, delayed);
    QCOMPARE(result.longestWait, std::chrono::milliseconds(std::chrono::minutes(longestWait)));
    QCOMPARE(result.now, result.was); // waiting is free
}

void TestWhatIf::delayedRunsPayTheLaterPrice()
{
    const auto rising = RateCard::fromJson(R"({"currency":"USD","rates":[
        {"valid_from":"2020-01-01T00:00:00Z","usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045"},
        {"valid_from":"2026-08-20T10:10:00Z","usd_per_vcpu_second":"0.00014","usd_per_gib_second":"0.000045"}]})")
                            .value();
    WhatIf change;
    change.maxConcurrent = 1;
    const auto result = whatIf({run(0min, 10min), run(0min, 10min)}, change, rising);
    QCOMPARE(result.was, *Money::parse("0.0363"));
    QCOMPARE(result.now, *Money::parse("0.19965"));
}

QTEST_GUILESS_MAIN(TestWhatIf)
#include "tst_whatif.moc"
