#include "services/cost/runaway.h"

#include <QTest>

using namespace sandglass;
using namespace std::chrono_literals;
using cost::RunawayRules;
using cost::SandboxFacts;

namespace {

const Timestamp start = fromUnixMs(1'787'000'000'000);

SandboxFacts running(const char *id, Timestamp since, std::chrono::milliseconds before = {})
{
    SandboxFacts sandbox;
    sandbox.id = id;
    sandbox.createdAt = start;
    sandbox.runningSince = since;
    sandbox.activeBefore = before;
    return sandbox;
}

SandboxFacts paused(const char *id, std::chrono::milliseconds before)
{
    SandboxFacts sandbox = running(id, start, before);
    sandbox.state = SandboxFacts::State::Paused;
    sandbox.runningSince.reset();
    return sandbox;
}

} // namespace

class TestRunaway : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void exactlyTheThresholdIsNotTooLong();
    void pausedTimeDoesNotCount();
    void templatesHaveTheirOwn();
    void deadlineIsWhenItIsFound_data();
    void deadlineIsWhenItIsFound();
    void longestFirst();
};

void TestRunaway::exactlyTheThresholdIsNotTooLong()
{
    const std::vector<SandboxFacts> facts = {running("a", start)};
    QVERIFY(cost::findRunaways(facts, {}, start + 10min).empty());
    const auto found = cost::findRunaways(facts, {}, start + 10min + 1ms);
    QCOMPARE(found.size(), 1U);
    QCOMPARE(found.front().exceededBy.count(), 1);
    QVERIFY(cost::findRunaways(facts, {}, start - 1h).empty()); // a clock that was put back
}

void TestRunaway::pausedTimeDoesNotCount()
{
    // 10 minutes of running, 50 of pause, 5 of running, by the threshold of 15 minutes.
    const RunawayRules rules{15min, {}};
    QVERIFY(cost::findRunaways({paused("a", 10min)}, rules, start + 59min).empty());
    QVERIFY(!cost::nextRunawayAt({paused("a", 10min)}, rules, start + 59min));
    const std::vector<SandboxFacts> resumed = {running("a", start + 60min, 10min)};
    QVERIFY(cost::findRunaways(resumed, rules, start + 65min).empty());
    QCOMPARE(cost::findRunaways(resumed, rules, start + 65min + 1ms).size(), 1U);
    QVERIFY(cost::findRunaways({paused("a", 20min)}, rules, start + 2h).empty());
}

void TestRunaway::templatesHaveTheirOwn()
{
    SandboxFacts ml = running("ml", start);
    ml.templateId = "tpl1";
    ml.templateName = "ml";
    const RunawayRules rules{10min, {{"ml", 2h}}};
    QVERIFY(cost::findRunaways({ml}, rules, start + 2h).empty());
    QCOMPARE(cost::findRunaways({ml}, rules, start + 2h + 1s).size(), 1U);
    const RunawayRules byId{10min, {{"ml", 2h}, {"tpl1", 1min}}};
    QCOMPARE(byId.thresholdFor(ml), std::chrono::milliseconds(1min));
}

void TestRunaway::deadlineIsWhenItIsFound_data()
{
    QTest::addColumn<int>("thresholdMs");
    for (const int threshold : {1, 50, 1'000, 600'000})
        QTest::addRow("%d ms", threshold) << threshold;
}

void TestRunaway::deadlineIsWhenItIsFound()
{
    QFETCH(int, thresholdMs);
    const RunawayRules rules{std::chrono::milliseconds(thresholdMs), {}};
    std::vector<SandboxFacts> facts = {running("late", start + 7ms), running("early", start), paused("p", 1h)};
    const auto first = cost::nextRunawayAt(facts, rules, start);
    QVERIFY(first.has_value());
    QVERIFY(cost::findRunaways(facts, rules, *first - 1ms).empty());
    QCOMPARE(cost::findRunaways(facts, rules, *first).size(), 1U);
    const auto second = cost::nextRunawayAt(facts, rules, *first);
    QVERIFY(second.has_value());
    QCOMPARE(cost::findRunaways(facts, rules, *second).size(), 2U);
    QVERIFY(!cost::nextRunawayAt(facts, rules, *second));
}

void TestRunaway::longestFirst()
{
    const auto found = cost::findRunaways({running("young", start + 1min), running("old", start)}, {}, start + 1h);
    QCOMPARE(found.size(), 2U);
    QCOMPARE(found.front().sandboxId, std::string("old"));
}

QTEST_GUILESS_MAIN(TestRunaway)
#include "tst_runaway.moc"
