#include "services/core/result.h"
#include "services/lifecycle/usageindex.h"

#include "services/cost/meter.h"
#include "services/lifecycle/fold.h"
#include "tests/services/lifecycle/events.h"

#include <QTest>

#include <algorithm>
#include <map>
#include <random>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

const cost::RateCard card = cost::RateCard::fromJson(R"({"currency": "USD", "rates": [
    {"valid_from": "2026-08-01T00:00:00Z", "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"},
    {"valid_from": "2026-08-20T10:20:00.0005Z", "usd_per_vcpu_second": "0.00002", "usd_per_gib_second": "0.000005"}]})")
                                .value();

Sandbox sandbox(std::string id, std::vector<RunInterval> runs, std::string templateId = "tpl")
{
    Sandbox s;
    s.id = std::move(id);
    s.templateId = std::move(templateId);
    s.runs = std::move(runs);
    return s;
}

RunInterval run(double start, std::optional<double> end, int vcpu = 2, int memoryMb = 512)
{
    RunInterval r;
    r.start = at(start);
    if (end)
        r.end = at(*end);
    r.vcpuCount = vcpu;
    r.memoryMb = memoryMb;
    return r;
}

std::vector<Sandbox> randomSandboxes(std::mt19937_64 &random, int count)
{
    const auto moment = [&random] { return at(0) + std::chrono::nanoseconds(random() % 3'600'000'000'000ULL); };
    std::vector<Sandbox> all;
    for (int i = 0; i < count; ++i) {
        Sandbox s = sandbox("sbx" + std::to_string(i), {}, "tpl" + std::to_string(random() % 4));
        Timestamp cursor = moment();
        for (auto runs = random() % 4; runs > 0; --runs) {
            RunInterval r = run(0, {}, static_cast<int>(random() % 4), 512);
            r.start = cursor;
            if (runs > 1 || random() % 2)
                r.end = cursor + std::chrono::nanoseconds(random() % 900'000'000'000ULL);
            if (r.end && random() % 2)
                r.confirmedMs = static_cast<std::int64_t>(random() % 900'000);
            cursor = r.end.value_or(cursor) + std::chrono::seconds(random() % 300);
            s.runs.push_back(r);
        }
        all.push_back(std::move(s));
    }
    return all;
}

/// The same sum, one stretch at a time.
Money plainSum(const std::vector<Sandbox> &all, Timestamp from, Timestamp to, Timestamp now,
               const std::string &templateId = {})
{
    Money sum;
    for (const Sandbox &s : all) {
        if (!templateId.empty() && s.templateId != templateId)
            continue;
        for (const RunInterval &r : s.runs)
            sum += cost::priceOf(usageOf(r, now), card, from, to).value_or(Money());
    }
    return sum;
}

} // namespace

class TestUsageIndex : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void sumsAreThoseOfTheMeter();
    void bucketsAreThoseOfTheMeter();
    void activeCountsAreThoseOfAScan();
    void activeAtTheEdges();
    void updatesReplace();
    void survivesManyUpdates();
    void newRateCardReprices();
    void emptyRanges();
};

void TestUsageIndex::sumsAreThoseOfTheMeter()
{
    std::mt19937_64 random(1);
    for (int round = 0; round < 200; ++round) {
        const auto all = randomSandboxes(random, 20);
        UsageIndex index(card);
        for (const Sandbox &s : all)
            index.update(s);
        const Timestamp now = at(3000);
        const Timestamp from = at(static_cast<double>(random() % 4000));
        const Timestamp to = from + std::chrono::nanoseconds(random() % 3'000'000'000'000ULL);
        QVERIFY(index.costBetween(from, to, now) == plainSum(all, from, to, now));
        QVERIFY(index.costBetween(Timestamp::min(), Timestamp::max(), now)
                == plainSum(all, Timestamp::min(), Timestamp::max(), now));
    }
}

void TestUsageIndex::bucketsAreThoseOfTheMeter()
{
    std::mt19937_64 random(2);
    for (int round = 0; round < 200; ++round) {
        const auto all = randomSandboxes(random, 20);
        UsageIndex index(card);
        for (const Sandbox &s : all)
            index.update(s);
        const Timestamp now = at(3500);
        const Timestamp from =
            at(static_cast<double>(random() % 2000)) + std::chrono::nanoseconds(random() % 1'000'000);
        const int bucketCount = 1 + static_cast<int>(random() % 50);
        const std::int64_t widthMs = 1 + static_cast<std::int64_t>(random() % 100'000);
        const Timestamp to = from + std::chrono::milliseconds(widthMs * bucketCount);
        Money total;
        for (const auto &series : index.costSeries(from, to, bucketCount, now)) {
            QCOMPARE(series.buckets.size(), static_cast<std::size_t>(bucketCount));
            for (int i = 0; i < bucketCount; ++i) {
                const Timestamp edge = from + std::chrono::milliseconds(widthMs * i);
                const Money bucket = series.buckets[static_cast<std::size_t>(i)];
                QVERIFY(bucket
                        == plainSum(all, edge, edge + std::chrono::milliseconds(widthMs), now, series.templateName));
                total += bucket;
            }
        }
        QVERIFY(total == index.costBetween(from, to, now));
    }
}

void TestUsageIndex::activeCountsAreThoseOfAScan()
{
    std::mt19937_64 random(3);
    for (int round = 0; round < 100; ++round) {
        const auto all = randomSandboxes(random, 15);
        UsageIndex index(card);
        std::vector<std::pair<Timestamp, Timestamp>> spans;
        const Timestamp now = at(3500);
        for (const Sandbox &s : all) {
            index.update(s);
            for (const RunInterval &r : s.runs) {
                const auto usage = usageOf(r, now);
                spans.emplace_back(usage.start, usage.effectiveEnd());
            }
        }
        constexpr int bucketCount = 36;
        const auto counts = index.activeSeries(at(0), at(3600), bucketCount, now);
        for (int i = 0; i < bucketCount; ++i) {
            const Timestamp begin = at(100.0 * i);
            const Timestamp end = at(100.0 * (i + 1));
            int highest = 0;
            for (const auto &candidate : spans) { // the maximum stands at the edge or at some start
                const Timestamp when = std::max(begin, candidate.first);
                if (when >= end)
                    continue;
                highest = std::max(highest, static_cast<int>(std::ranges::count_if(spans, [when](const auto &span) {
                                       return span.first <= when && span.second > when;
                                   })));
            }
            QCOMPARE(counts[static_cast<std::size_t>(i)], highest);
        }
    }
}

void TestUsageIndex::activeAtTheEdges()
{
    UsageIndex index(card);
    index.update(sandbox("a", {run(0, 10)}));
    index.update(sandbox("b", {run(0, 10)}));
    index.update(sandbox("c", {run(10, 20)}));
    QCOMPARE(index.activeSeries(at(0), at(30), 3, at(100)), (std::vector{2, 1, 0}));
    index.update(sandbox("d", {run(15, {})}));
    QCOMPARE(index.activeSeries(at(0), at(30), 3, at(25)), (std::vector{2, 2, 1}));
    QCOMPARE(index.activeSeries(at(40), at(60), 2, at(25)), (std::vector{0, 0}));
}

void TestUsageIndex::updatesReplace()
{
    UsageIndex index(card);
    index.update(sandbox("a", {run(0, {})}));
    const Money hour = Money::parse("0.1089").value();
    QVERIFY(index.burnRate(at(10)) == hour);
    QVERIFY(index.costBetween(at(0), at(3600), at(90)) == Money::parse("0.0027225").value());
    index.update(sandbox("a", {run(0, 5), run(100, {}, 0, 0)}));
    QVERIFY(index.burnRate(at(110)).isZero()); // size unknown
    QVERIFY(index.costBetween(at(0), at(3600), at(200)) == Money::parse("0.00015125").value());
    index.update(sandbox("a", {}));
    QVERIFY(index.costBetween(at(0), at(3600), at(200)).isZero());
}

void TestUsageIndex::survivesManyUpdates()
{
    UsageIndex index(card);
    for (int round = 0; round < 12; ++round) { // the number of runs changes each time: old places are given up
        for (int i = 0; i < 1'000; ++i) {
            std::vector<RunInterval> runs(static_cast<std::size_t>(1 + (round + i) % 3), run(0, 5));
            index.update(sandbox("sbx" + std::to_string(i), std::move(runs)));
        }
    }
    std::vector<Sandbox> all;
    Money expected;
    for (int i = 0; i < 1'000; ++i) {
        for (int n = 0; n < 1 + (11 + i) % 3; ++n)
            expected += Money::parse("0.00015125").value();
    }
    QVERIFY(index.costBetween(at(-10), at(100), at(50)) == expected);
}

void TestUsageIndex::newRateCardReprices()
{
    UsageIndex index(card);
    index.update(sandbox("a", {run(0, 3600, 2, 512)}));
    index.setRateCard(cost::RateCard::fromJson(R"({"currency": "USD", "rates": [{"valid_from": "2026-01-01T00:00:00Z",
        "usd_per_vcpu_second": "0.00014", "usd_per_gib_second": "0.000045"}]})")
                          .value());
    QVERIFY(index.costBetween(at(-1), at(9999), at(9999)) == Money::parse("1.089").value());
}

void TestUsageIndex::emptyRanges()
{
    UsageIndex index(card);
    index.update(sandbox("a", {run(0, 3600)}));
    QVERIFY(index.costSeries(at(10), at(10), 5, at(20)).empty());
    QVERIFY(index.costSeries(at(10), at(20), 0, at(20)).empty());
    QVERIFY(index.activeSeries(at(20), at(10), 5, at(20)).empty());
    QVERIFY(index.costSeries(at(5000), at(6000), 5, at(20)).empty());
}

QTEST_GUILESS_MAIN(TestUsageIndex)
#include "tst_usageindex.moc"
