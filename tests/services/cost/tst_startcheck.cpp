#include "services/cost/startcheck.h"

#include <QTest>

using namespace sandglass;
using cost::Budget;
using cost::BudgetUsage;
using cost::Scope;
using cost::Start;
using cost::StartFinding;
using Why = cost::StartFinding::Why;

namespace {

Budget daily()
{
    Budget budget;
    budget.id = budget.name = "b";
    budget.moneyLimit = Money::parse("1").value();
    budget.thresholds = {50, 90, 100};
    budget.action = Budget::Action::Pause;
    budget.isDryRun = false;
    return budget;
}

Budget counting(Budget::Measure measure)
{
    Budget budget = daily();
    budget.measure = measure;
    budget.countLimit = 100;
    return budget;
}

BudgetUsage spent(const char *dollars)
{
    BudgetUsage usage{"b", {}, Money::parse(dollars).value(), 0, 0, 0};
    usage.share = usage.spent.toDollars();
    return usage;
}

BudgetUsage counted(std::int64_t count)
{
    return {"b", {}, {}, count, 0, static_cast<double>(count) / 100};
}

Start starting(const char *atMost = nullptr)
{
    Start start;
    start.sandbox.templateId = "t1";
    start.sandbox.templateName = "base";
    start.sandbox.connection = "Cloud";
    start.sandbox.metadata = {{"user", "42"}};
    if (atMost)
        start.atMost = Money::parse(atMost).value();
    return start;
}

/// "refused: used up", "near 90", …; empty: nothing to say.
QByteArray told(const Budget &budget, const std::vector<BudgetUsage> &usages, const Start &start)
{
    const auto findings = cost::checkStart({budget}, usages, start);
    if (findings.empty())
        return {};
    const StartFinding &finding = findings.front();
    QByteArray words = finding.isRefusal ? "refused: " : "";
    switch (finding.why) {
    case Why::Unknown:
        return words + "unknown";
    case Why::UsedUp:
        return words + "used up";
    case Why::WouldExceed:
        return words + "would exceed";
    case Why::Near:
        break;
    }
    return words + "near " + QByteArray::number(finding.threshold);
}

} // namespace

class TestStartCheck final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void money_data();
    void money();
    void counts_data();
    void counts();
    void onlyWhatStopsRefuses();
    void onlyItsScope();
    void sumsThatAreNotKnown();
    void whatGoesOnAddsNoSandbox();
    void refusalsComeFirst();
};

void TestStartCheck::money_data()
{
    QTest::addColumn<QByteArray>("used");
    QTest::addColumn<QByteArray>("atMost");
    QTest::addColumn<QByteArray>("words");
    QTest::newRow("far away") << QByteArray("0.1") << QByteArray("0.1") << QByteArray();
    QTest::newRow("past the first") << QByteArray("0.45") << QByteArray("0.05") << QByteArray("near 50");
    QTest::newRow("one tick before it") << QByteArray("0.45") << QByteArray("0.049999999999") << QByteArray();
    QTest::newRow("past two: the higher") << QByteArray("0.45") << QByteArray("0.5") << QByteArray("near 90");
    QTest::newRow("size unknown") << QByteArray("0.79") << QByteArray() << QByteArray();
    QTest::newRow("four fifths gone") << QByteArray("0.8") << QByteArray() << QByteArray("near 0");
    QTest::newRow("to the limit") << QByteArray("0.9") << QByteArray("0.1") << QByteArray("would exceed");
    QTest::newRow("one tick less") << QByteArray("0.999999999999") << QByteArray() << QByteArray("near 0");
    QTest::newRow("used up") << QByteArray("1") << QByteArray() << QByteArray("refused: used up");
}

void TestStartCheck::money()
{
    QFETCH(QByteArray, used);
    QFETCH(QByteArray, atMost);
    QFETCH(QByteArray, words);
    QCOMPARE(told(daily(), {spent(used)}, starting(atMost.isEmpty() ? nullptr : atMost.constData())), words);
}

void TestStartCheck::counts_data()
{
    QTest::addColumn<int>("count");
    QTest::addColumn<QByteArray>("words");
    QTest::newRow("far away") << 10 << QByteArray();
    QTest::newRow("the 50th") << 49 << QByteArray();
    QTest::newRow("the 51st passes half") << 50 << QByteArray("near 50");
    QTest::newRow("the 100th") << 99 << QByteArray("near 0");
    QTest::newRow("the 101st") << 100 << QByteArray("would exceed");
    QTest::newRow("the 102nd") << 101 << QByteArray("refused: used up");
}

void TestStartCheck::counts()
{
    QFETCH(int, count);
    QFETCH(QByteArray, words);
    for (const auto measure : {Budget::Measure::Created, Budget::Measure::Concurrent})
        QCOMPARE(told(counting(measure), {counted(count)}, starting()), words);
    QCOMPARE(told(counting(Budget::Measure::Age), {counted(count)}, starting()), QByteArray()); // a new one is young
}

void TestStartCheck::onlyWhatStopsRefuses()
{
    Budget budget = daily();
    budget.isDryRun = true;
    QCOMPARE(told(budget, {spent("2")}, starting()), QByteArray("used up"));
    budget.isDryRun = false;
    budget.action = Budget::Action::Kill;
    QCOMPARE(told(budget, {spent("2")}, starting()), QByteArray("refused: used up"));
    budget.action = Budget::Action::Notify;
    QCOMPARE(told(budget, {spent("2")}, starting()), QByteArray("used up"));
    budget = daily();
    budget.allowed = {{Scope::Kind::Metadata, "user", "42"}};
    QCOMPARE(told(budget, {spent("2")}, starting()), QByteArray("used up"));
    budget.isEnabled = false;
    QCOMPARE(told(budget, {spent("2")}, starting()), QByteArray());
}

void TestStartCheck::onlyItsScope()
{
    const auto within = [](Scope scope) {
        Budget budget = daily();
        budget.scope = std::move(scope);
        return !told(budget, {spent("2")}, starting()).isEmpty();
    };
    QVERIFY(within({Scope::Kind::Template, {}, "t1"}));
    QVERIFY(within({Scope::Kind::Template, {}, "base"}));
    QVERIFY(!within({Scope::Kind::Template, {}, "ml"}));
    QVERIFY(within({Scope::Kind::Metadata, "user", {}}));
    QVERIFY(!within({Scope::Kind::Metadata, "user", "43"}));
    QVERIFY(within({Scope::Kind::Connection, {}, "Cloud"}));
    QVERIFY(!within({Scope::Kind::Connection, {}, "Local engine"}));
}

void TestStartCheck::sumsThatAreNotKnown()
{
    QCOMPARE(told(daily(), {}, starting()), QByteArray("refused: unknown"));
    Budget budget = daily();
    budget.action = Budget::Action::Notify;
    QCOMPARE(told(budget, {}, starting()), QByteArray());
}

void TestStartCheck::whatGoesOnAddsNoSandbox()
{
    Start run = starting();
    run.sandbox.id = "s1";
    QCOMPARE(told(counting(Budget::Measure::Created), {counted(200)}, run), QByteArray());
    QCOMPARE(told(counting(Budget::Measure::Concurrent), {counted(200)}, run), QByteArray());
    QCOMPARE(told(daily(), {spent("1.01")}, run), QByteArray("refused: used up"));
}

void TestStartCheck::refusalsComeFirst()
{
    Budget told = daily();
    told.id = "told";
    told.action = Budget::Action::Notify;
    BudgetUsage usage = spent("1");
    usage.budgetId = "told";
    const auto findings = cost::checkStart({told, daily()}, {usage, spent("1")}, starting());
    QCOMPARE(findings.size(), 2U);
    QCOMPARE(findings[0].budget.id, std::string("b"));
    QVERIFY(findings[0].isRefusal && !findings[1].isRefusal);
}

QTEST_GUILESS_MAIN(TestStartCheck)
#include "tst_startcheck.moc"
