#include "services/cost/forecast.h"
#include "services/cost/runaway.h"
#include "services/cost/whatif.h"
#include "tests/services/cost/facts.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::cost;
using namespace std::chrono_literals;

namespace {

const Timestamp dayFifteen = parseRfc3339("2026-06-15T00:00:00Z").value();

ForecastInput steady()
{
    ForecastInput input;
    input.days.assign(14, *Money::parse("2"));
    input.spentInPeriod = *Money::parse("28");
    input.now = dayFifteen;
    input.periodEnd = parseRfc3339("2026-07-01T00:00:00Z").value();
    input.budget = Money::parse("50");
    return input;
}

QString dayOf(std::optional<Timestamp> time)
{
    return time ? QString::fromStdString(formatRfc3339(*time)).left(10) : QString();
}

RateCard listPrice()
{
    return RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045"}]})")
        .value();
}

} // namespace

class TestForecast final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void steadySpendingIsExact();
    void aJumpMovesAndWidens();
    void fewDaysAreNotEnough();
    void usedUpIsNow();
    void freeNeverHits();
    void theRestOfTodayGoesByTheBurnRate();
    void runawayIsStrict_data();
    void runawayIsStrict();
    void pauseStopsTheWatch();
    void longestRunawayFirst();
    void whatIfRecomputes();
};

void TestForecast::steadySpendingIsExact()
{
    const auto made = forecast(steady());
    QVERIFY(made);
    QCOMPARE(made->expected, *Money::parse("60"));
    QCOMPARE(made->low, made->high);
    QCOMPARE(made->perDay, *Money::parse("2"));
    QCOMPARE(dayOf(made->hitAt), QStringLiteral("2026-06-25"));
}

void TestForecast::aJumpMovesAndWidens()
{
    ForecastInput input = steady();
    input.days[12] = input.days[13] = *Money::parse("6");
    input.spentInPeriod = *Money::parse("36");
    const auto made = forecast(input);
    QVERIFY(made);
    QVERIFY(made->expected > *Money::parse("60"));
    QVERIFY(made->low < made->expected && made->expected < made->high);
    QVERIFY(made->low >= input.spentInPeriod);
    QVERIFY(dayOf(made->hitAt) < QStringLiteral("2026-06-25"));
    QVERIFY(*made->hitEarliest < *made->hitAt);
    QVERIFY(!made->hitLatest || *made->hitLatest > *made->hitAt);
}

void TestForecast::fewDaysAreNotEnough()
{
    ForecastInput input = steady();
    input.days.resize(2);
    QVERIFY(!forecast(input));
    input.days.resize(3);
    QVERIFY(forecast(input));
}

void TestForecast::usedUpIsNow()
{
    ForecastInput input = steady();
    input.spentInPeriod = *Money::parse("50");
    const auto made = forecast(input);
    QVERIFY(made && made->hitAt == input.now);
}

void TestForecast::freeNeverHits()
{
    ForecastInput input = steady();
    input.days.assign(14, Money{});
    input.spentInPeriod = {};
    const auto made = forecast(input);
    QVERIFY(made && made->expected.isZero());
    QVERIFY(!made->hitAt);
}

void TestForecast::theRestOfTodayGoesByTheBurnRate()
{
    ForecastInput input = steady();
    input.now = dayFifteen + 12h;
    input.spentInPeriod = *Money::parse("29");
    input.burnPerHour = Money::parse("0.5");
    input.dayEnd = dayFifteen + 24h;
    QCOMPARE(forecast(input)->expected, *Money::parse("65"));              // 29 + 12 x 0.5 + 15 x 2
    QCOMPARE(dayOf(forecast(input)->hitAt), QStringLiteral("2026-06-23")); // 35 at midnight, 7.5 days more
    input.budget = Money::parse("32");
    QVERIFY(*forecast(input)->hitAt == input.now + 6h - 1ms);
    input.periodEnd = input.dayEnd; // end of day
    QCOMPARE(forecast(input)->expected, *Money::parse("35"));
    input.burnPerHour = Money{};
    QCOMPARE(forecast(input)->expected, *Money::parse("29"));
}

void TestForecast::runawayIsStrict_data()
{
    QTest::addColumn<int>("seconds");
    QTest::addColumn<int>("found");
    QTest::newRow("9:59") << 599 << 0;
    QTest::newRow("10:00") << 600 << 0;
    QTest::newRow("10:01") << 601 << 1;
}

void TestForecast::runawayIsStrict()
{
    QFETCH(int, seconds);
    const std::vector<SandboxFacts> facts{sample::running("a", sample::epoch)};
    const Timestamp now = sample::epoch + std::chrono::seconds(seconds);
    const auto found = findRunaways(facts, {}, now);
    QTEST(static_cast<int>(found.size()), "found");
    if (!found.empty())
        QVERIFY(found.front().exceededBy == 1s);
    const auto next = nextRunawayAt(facts, {}, now);
    QCOMPARE(next.has_value(), found.empty());
    if (next) {
        QVERIFY(*next == sample::epoch + 600'001ms);
        QCOMPARE(findRunaways(facts, {}, *next).size(), std::size_t{1}); // one timer is enough
    }
}

void TestForecast::pauseStopsTheWatch()
{
    SandboxFacts sandbox = sample::running("a", sample::epoch);
    sandbox.state = SandboxFacts::State::Paused;
    sandbox.runningSince.reset();
    sandbox.activeBefore = 9min;
    QVERIFY(findRunaways({sandbox}, {}, sample::epoch + 24h).empty());
    QVERIFY(!nextRunawayAt({sandbox}, {}, sample::epoch));
    sandbox.state = SandboxFacts::State::Running;
    sandbox.runningSince = sample::epoch + 50min;
    QVERIFY(findRunaways({sandbox}, {}, sample::epoch + 51min).empty());
    QVERIFY(*nextRunawayAt({sandbox}, {}, sample::epoch + 51min) == sample::epoch + 51min + 1ms);
}

void TestForecast::longestRunawayFirst()
{
    RunawayRules rules;
    rules.perTemplate["ml"] = 2h;
    SandboxFacts other = sample::running("other", sample::epoch);
    other.templateName = other.templateId = "base";
    SandboxFacts older = other;
    older.id = "older";
    older.runningSince = sample::epoch - 5min;
    const auto found =
        findRunaways({sample::running("ml", sample::epoch - 1h), other, older}, rules, sample::epoch + 11min);
    QCOMPARE(found.size(), std::size_t{2}); // ml may run two hours
    QCOMPARE(QString::fromStdString(found[0].sandboxId), QStringLiteral("older"));
    QVERIFY(found[0].active == 16min);
}

void TestForecast::whatIfRecomputes()
{
    const auto run = [](std::int64_t minutes, bool byTimeout, int vcpu = 8, int memory = 8192) {
        return PastRun{{sample::epoch, sample::epoch + std::chrono::minutes(minutes), {}, vcpu, memory}, byTimeout};
    };
    const std::vector<PastRun> runs{run(60, false), run(30, true), run(3, true), run(10, true, 0, 0)};
    WhatIf smaller;
    smaller.vcpuCount = 2;
    smaller.memoryMb = 512;
    const auto size = whatIf(runs, smaller, listPrice());
    // 93 minutes of 8/8 at $0.5328/h against 2/0.5 at $0.1089/h; the unknown size counts as told for the second
    QCOMPARE(size.was, *Money::parse("0.82584"));
    QCOMPARE(size.now, *Money::parse("0.168795"));
    QCOMPARE(size.unpriced, 1);

    WhatIf sooner;
    sooner.idleTimeoutWas = 10min;
    sooner.idleTimeoutNow = 5min;
    const auto idle = whatIf(runs, sooner, listPrice()); // 60 + 25 + 0: not before it began
    QCOMPARE(idle.now, *Money::parse("0.7548"));
    QCOMPARE(whatIf(runs, {}, listPrice()).now, idle.was);
}

QTEST_GUILESS_MAIN(TestForecast)
#include "tst_forecast.moc"
