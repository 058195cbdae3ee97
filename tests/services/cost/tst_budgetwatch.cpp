#include "services/cost/budgetwatch.h"

#include <QTest>

#include <random>

using namespace sandglass;
using namespace std::chrono_literals;
using cost::Budget;
using cost::BudgetWatch;
using cost::Period;
using cost::SandboxFacts;
using cost::Scope;

namespace {

Timestamp at(const char *text)
{
    return parseRfc3339(text).value();
}

SandboxFacts running(const std::string &id, Timestamp created)
{
    SandboxFacts sandbox;
    sandbox.id = id;
    sandbox.createdAt = created;
    sandbox.runningSince = created;
    return sandbox;
}

Budget counting(Budget::Measure measure, std::int64_t limit)
{
    Budget budget;
    budget.id = budget.name = "b";
    budget.measure = measure;
    budget.countLimit = limit;
    budget.timeZone = "UTC";
    budget.thresholds = {100};
    return budget;
}

Budget daily(const char *dollars)
{
    Budget budget;
    budget.id = budget.name = "b";
    budget.moneyLimit = Money::parse(dollars).value();
    budget.timeZone = "Europe/Berlin";
    return budget;
}

BudgetWatch::FactsOf always(const std::vector<SandboxFacts> &facts)
{
    return [&facts](const Period &) { return facts; };
}

std::vector<int> thresholdsOf(const BudgetWatch::Round &round)
{
    std::vector<int> thresholds;
    for (const auto &alert : round.alerts)
        thresholds.push_back(alert.threshold);
    return thresholds;
}

} // namespace

class TestBudgetWatch : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void the101stIsTheFirstTooMany();
    void eachThresholdOncePerPeriod();
    void dayOfClockChange();
    void restartTellsNothingTwice();
    void scopes();
    void unknownCostIsNotZero();
    void targets();
    void ageIsStrict();
    void whatStartsAfterTheAlertIsStoppedToo();
    void brokenStateIsLeftOut();
    void randomDaysAndZones();
};

void TestBudgetWatch::the101stIsTheFirstTooMany()
{
    const Timestamp morning = at("2026-08-20T08:00:00Z");
    std::vector<SandboxFacts> facts = {running("yesterday", morning - 24h)};
    for (int i = 0; i < 100; ++i) {
        facts.push_back(running("s" + std::to_string(i), morning + std::chrono::minutes(i)));
        if (i < 60)
            facts.back().state = SandboxFacts::State::Ended;
    }
    BudgetWatch watch;
    watch.setBudgets({counting(Budget::Measure::Created, 100)});
    const auto full = watch.evaluate(morning + 3h, always(facts));
    QCOMPARE(full.usages.front().count, 100);
    QVERIFY(full.alerts.empty());
    facts.push_back(running("s100", morning + 2h));
    const auto over = watch.evaluate(morning + 3h, always(facts));
    QCOMPARE(over.alerts.size(), 1U);
    QVERIFY(over.alerts.front().isLimit);
    QVERIFY(watch.evaluate(morning + 4h, always(facts)).alerts.empty());
}

void TestBudgetWatch::eachThresholdOncePerPeriod()
{
    std::vector<SandboxFacts> facts = {running("a", at("2026-08-20T08:00:00Z"))};
    BudgetWatch watch;
    watch.setBudgets({daily("1")});
    const auto told = [&](const char *time, const char *dollars) {
        facts.front().costInPeriod = Money::parse(dollars).value();
        return thresholdsOf(watch.evaluate(at(time), always(facts)));
    };
    using Levels = std::vector<int>;
    QCOMPARE(told("2026-08-20T08:00:00Z", "0.499999999999"), Levels{});
    QCOMPARE(told("2026-08-20T08:01:00Z", "0.5"), Levels{50});
    QCOMPARE(told("2026-08-20T08:02:00Z", "0.85"), Levels{80});
    QCOMPARE(told("2026-08-20T08:03:00Z", "0.4"), Levels{}); // a corrected figure falls, and rises again
    QCOMPARE(told("2026-08-20T08:04:00Z", "2"), (Levels{90, 100}));
    QCOMPARE(told("2026-08-20T21:59:59Z", "3"), Levels{});
    QCOMPARE(told("2026-08-20T22:00:00Z", "0.6"), Levels{50}); // midnight in Berlin
}

void TestBudgetWatch::dayOfClockChange()
{
    std::vector<SandboxFacts> facts = {running("a", at("2026-10-24T22:30:00Z"))};
    facts.front().costInPeriod = Money::parse("0.6").value();
    BudgetWatch watch;
    watch.setBudgets({daily("1")});
    QCOMPARE(watch.evaluate(at("2026-10-24T22:30:00Z"), always(facts)).alerts.size(), 1U);
    // The day has 25 hours: 23:30 local time, after the change.
    const auto late = watch.evaluate(at("2026-10-25T22:30:00Z"), always(facts));
    QVERIFY(late.alerts.empty());
    QVERIFY(late.usages.front().period.to - late.usages.front().period.from == 25h);
    QCOMPARE(watch.evaluate(at("2026-10-25T23:00:00Z"), always(facts)).alerts.size(), 1U);
}

void TestBudgetWatch::restartTellsNothingTwice()
{
    std::vector<SandboxFacts> facts = {running("a", at("2026-08-20T08:00:00Z"))};
    facts.front().costInPeriod = Money::parse("0.85").value();
    BudgetWatch before;
    before.setBudgets({daily("1")});
    QCOMPARE(before.evaluate(at("2026-08-20T08:00:00Z"), always(facts)).alerts.size(), 2U);
    BudgetWatch after;
    after.restore(parseJson(dumpJson(before.state())).value());
    after.setBudgets({daily("1")});
    QVERIFY(after.evaluate(at("2026-08-20T09:00:00Z"), always(facts)).alerts.empty());
    facts.front().costInPeriod = Money::parse("0.95").value();
    QCOMPARE(thresholdsOf(after.evaluate(at("2026-08-20T10:00:00Z"), always(facts))), std::vector<int>{90});
    QCOMPARE(after.evaluate(at("2026-08-21T10:00:00Z"), always(facts)).alerts.size(), 3U);
}

void TestBudgetWatch::scopes()
{
    SandboxFacts sandbox = running("a", at("2026-08-20T08:00:00Z"));
    sandbox.templateId = "tpl1";
    sandbox.templateName = "ml";
    sandbox.connection = "cloud";
    sandbox.teamId = "t-1";
    sandbox.metadata = {{"team", "a"}};
    const std::vector<SandboxFacts> facts = {sandbox, running("other", at("2026-08-20T08:00:00Z"))};
    const auto countIn = [&](Scope scope) {
        BudgetWatch watch;
        Budget budget = counting(Budget::Measure::Concurrent, 10);
        budget.scope = std::move(scope);
        watch.setBudgets({budget});
        return watch.evaluate(at("2026-08-20T09:00:00Z"), always(facts)).usages.front().count;
    };
    QCOMPARE(countIn({}), 2);
    QCOMPARE(countIn({Scope::Kind::Template, "", "tpl1"}), 1);
    QCOMPARE(countIn({Scope::Kind::Template, "", "ml"}), 1);
    QCOMPARE(countIn({Scope::Kind::Template, "", "m"}), 0);
    QCOMPARE(countIn({Scope::Kind::Connection, "", "cloud"}), 1);
    QCOMPARE(countIn({Scope::Kind::Team, "", "t-1"}), 1);
    QCOMPARE(countIn({Scope::Kind::Team, "", "t"}), 0);
    QCOMPARE(countIn({Scope::Kind::Metadata, "team", "a"}), 1);
    QCOMPARE(countIn({Scope::Kind::Metadata, "team", ""}), 1);
    QCOMPARE(countIn({Scope::Kind::Metadata, "team", "b"}), 0);
}

void TestBudgetWatch::unknownCostIsNotZero()
{
    std::vector<SandboxFacts> facts(3, running("a", at("2026-08-20T08:00:00Z")));
    facts[0].costInPeriod = Money::parse("0.25").value();
    BudgetWatch watch;
    watch.setBudgets({daily("1")});
    const auto usage = watch.evaluate(at("2026-08-20T09:00:00Z"), always(facts)).usages.front();
    QVERIFY(usage.spent == Money::parse("0.25").value());
    QCOMPARE(usage.unpriced, 2);
}

void TestBudgetWatch::targets()
{
    const Timestamp start = at("2026-08-20T08:00:00Z");
    std::vector<SandboxFacts> facts;
    for (int i = 0; i < 5; ++i)
        facts.push_back(running("s" + std::to_string(i), start + std::chrono::minutes(i)));
    facts[3].state = SandboxFacts::State::Paused;
    facts[4].metadata = {{"keep", "yes"}};
    Budget budget = counting(Budget::Measure::Concurrent, 2);
    budget.action = Budget::Action::Pause;
    budget.allowed = {{Scope::Kind::Metadata, "keep", ""}};
    const auto stopped = [&] {
        BudgetWatch watch;
        watch.setBudgets({budget});
        const auto round = watch.evaluate(start + 1h, always(facts));
        return round.stops.empty() ? std::vector<std::string>{"none"} : round.stops.front().targets;
    };
    using Ids = std::vector<std::string>;
    QCOMPARE(stopped(), (Ids{"s2", "s1"})); // 4 run of 2: the two newest that are no exception
    budget.countLimit = 4;
    QCOMPARE(stopped(), Ids{"none"});
    budget.measure = Budget::Measure::Money;
    budget.moneyLimit = Money::parse("0.1").value();
    facts[0].costInPeriod = Money::parse("0.1").value();
    QCOMPARE(stopped(), (Ids{"s2", "s1", "s0"}));
    budget.action = Budget::Action::Notify;
    QCOMPARE(stopped(), Ids{"none"});
}

void TestBudgetWatch::ageIsStrict()
{
    const Timestamp start = at("2026-08-20T08:00:00Z");
    std::vector<SandboxFacts> facts = {running("a", start), running("b", start)};
    facts[1].activeBefore = 10min;
    facts[1].state = SandboxFacts::State::Paused;
    facts[1].runningSince.reset();
    BudgetWatch watch;
    Budget budget = counting(Budget::Measure::Age, 600);
    budget.action = Budget::Action::Kill;
    watch.setBudgets({budget});
    QVERIFY(watch.evaluate(start + 10min, always(facts)).alerts.empty());
    const auto over = watch.evaluate(start + 10min + 1ms, always(facts));
    QCOMPARE(over.alerts.size(), 1U);
    QCOMPARE(over.stops.front().targets, std::vector<std::string>{"a"});
    facts = {running("resumed", start)}; // created long ago, most of it paused
    facts[0].runningSince = start + 2h;
    facts[0].activeBefore = 9min;
    QVERIFY(watch.evaluate(start + 2h + 1min, always(facts)).stops.empty());
}

void TestBudgetWatch::whatStartsAfterTheAlertIsStoppedToo()
{
    const Timestamp start = at("2026-08-20T08:00:00Z");
    std::vector<SandboxFacts> facts = {running("a", start)};
    facts[0].costInPeriod = Money::parse("2").value();
    Budget budget = daily("1");
    budget.action = Budget::Action::Kill;
    BudgetWatch watch;
    watch.setBudgets({budget});
    QCOMPARE(watch.evaluate(start, always(facts)).stops.front().targets.size(), 1U);
    facts.push_back(running("b", start + 1s));
    const auto later = watch.evaluate(start + 2s, always(facts));
    QVERIFY(later.alerts.empty());
    QCOMPARE(later.stops.front().targets, (std::vector<std::string>{"b", "a"}));
}

void TestBudgetWatch::brokenStateIsLeftOut()
{
    BudgetWatch watch;
    for (const char *text : {"null", "[1]", R"({"b": 1})", R"({"b": {"period_from": "x", "thresholds": [50]}})",
                             R"({"b": {"period_from": "2026-08-20T00:00:00Z", "thresholds": 50}})"}) {
        watch.restore(parseJson(text).value());
        QVERIFY2(watch.state().empty(), text);
    }
}

void TestBudgetWatch::randomDaysAndZones()
{
    constexpr unsigned seed = 4711;
    std::mt19937_64 random(seed);
    const std::vector<std::string> zones = {"UTC", "Europe/Berlin", "America/Santiago", "Pacific/Apia", "Asia/Kolkata"};
    for (int round = 0; round < 100; ++round) {
        Budget budget = daily("1");
        budget.timeZone = zones[random() % zones.size()];
        budget.period = static_cast<cost::PeriodKind>(random() % 3);
        auto watch = std::make_unique<BudgetWatch>();
        watch->setBudgets({budget});
        std::vector<SandboxFacts> facts = {running("a", at("2026-01-01T00:00:00Z"))};
        std::set<std::pair<Timestamp, int>> told;
        std::set<std::pair<Timestamp, int>> due;
        Timestamp now = at("2026-01-01T00:00:00Z") + std::chrono::hours(random() % 8'000);
        for (int step = 0; step < 60; ++step) {
            now += std::chrono::minutes(random() % 600);
            const std::int64_t cents = static_cast<std::int64_t>(random() % 120);
            facts.front().costInPeriod = Money::fromPicoDollars(cents * 10'000'000'000);
            const Timestamp from = cost::periodAt(now, budget.period, budget.timeZone).from;
            for (const int percent : budget.thresholds) {
                if (cents >= percent)
                    due.emplace(from, percent);
            }
            for (const auto &alert : watch->evaluate(now, always(facts)).alerts)
                QVERIFY2(told.emplace(alert.period.from, alert.threshold).second, "told twice, seed 4711");
            if (random() % 5 == 0) { // restart
                auto next = std::make_unique<BudgetWatch>();
                next->restore(watch->state());
                next->setBudgets({budget});
                watch = std::move(next);
            }
        }
        QVERIFY2(told == due, "seed 4711");
    }
}

QTEST_GUILESS_MAIN(TestBudgetWatch)
#include "tst_budgetwatch.moc"
