// What the guard counts and tells: sums, thresholds, runaways, and the rules it is given.

#include "models/budgets/budgetlistmodel.h"
#include "services/core/qtstring.h"
#include "tests/models/guardfixture.h"

#include <QFile>
#include <QSignalSpy>

using namespace sandglass;
using namespace sandglass::test;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using lifecycle::EventType;
using models::BudgetListModel;
using models::GuardAlert;
using models::GuardDesk;
using models::RunawayPolicy;
using testsupport::FakeReply;
namespace sample = lifecycle::sample;

class TestGuardDesk final : public GuardFixture
{
    Q_OBJECT
private Q_SLOTS:
    void thresholdIsToldOnceAlsoAfterARestart();
    void sumsAreTheTrackersAlsoOfColdOnes();
    void scopes_data();
    void scopes();
    void endedOnesCount();
    void teamBudgetCountsItsOwnAlsoAfterARestart();
    void runawayIsToldInTime();
    void runawaysFollowTheirRules();
    void configSurvivesARestart();
    void damagedConfigIsKept();
    void refusesNonsense();
};

void TestGuardDesk::thresholdIsToldOnceAlsoAfterARestart()
{
    RunawayPolicy off;
    off.response = RunawayPolicy::Response::Off;
    QVERIFY(m_desk->setRunawayPolicy(off));
    runTwo();
    QVERIFY(m_desk->setBudget(moneyBudget("0.06"))); // 60 %
    QTRY_COMPARE(m_alerts.size(), 1U);
    QCOMPARE(m_alerts.front().budget.threshold, 50);
    QCOMPARE(m_alerts.front().budgetName, "Daily");
    moveTo(620);
    QCOMPARE(m_alerts.size(), 1U);
    QVERIFY(audit(models::AuditModel::VerbColumn).contains(u"alert"_s));

    openDesk();
    settle();
    QVERIFY(m_alerts.empty());
    QCOMPARE(usage().share, usage().spent.toDollars() / 0.06);
    moveTo(1'200); // used up
    QTRY_COMPARE(m_alerts.size(), 1U);
    QCOMPARE(m_alerts.front().budget.threshold, 100);
    QVERIFY(m_alerts.front().budget.isLimit);

    moveTo(15 * 3'600); // 01:00 of the next day, $0.2178 since midnight
    QTRY_COMPARE(m_alerts.size(), 3U);
    QCOMPARE(usage().spent, m_live.tracker().costBetween(sample::at(14 * 3'600), m_live.now));
}

void TestGuardDesk::sumsAreTheTrackersAlsoOfColdOnes()
{
    const QString path = m_directory->filePath(u"cold.db"_s);
    lifecycle::Journal::Options options;
    options.hotLimit = 3;
    auto journal = lifecycle::Journal::open(path.toStdString(), options);
    QVERIFY(journal);
    constexpr int count = 40;
    std::atomic<int> stored = 0;
    for (int i = 0; i < count; ++i) {
        lifecycle::Event created = sample::created(i, "e" + std::to_string(i), "old" + std::to_string(i));
        created.metadata = {{"user", i % 2 == 0 ? "even" : "odd"}};
        (*journal)->append(created, [&](lifecycle::Journal::Outcome) { ++stored; });
        (*journal)->append(
            sample::ended(EventType::Killed, i + 100, "e" + std::to_string(i), i, "old" + std::to_string(i)),
            [&](lifecycle::Journal::Outcome) { ++stored; });
    }
    QTRY_COMPARE(stored.load(), 2 * count);
    journal->reset(); // the tables are brought up to date at the next start
    journal = lifecycle::Journal::open(path.toStdString(), options);
    QVERIFY(journal);
    lifecycle::Tracker tracker(**journal, m_live.tracker().rateCard(), [this] { return m_live.now; });
    tracker.start();
    QTRY_VERIFY(tracker.isReplayed());
    QVERIFY(tracker.fold().sandboxes().size() < 10); // most are cold

    models::GuardFiles files{m_directory->filePath(u"c"_s).toStdString(), m_directory->filePath(u"s"_s).toStdString(),
                             m_directory->filePath(u"a"_s).toStdString(), path.toStdString()};
    GuardDesk desk(tracker, *m_actions, files, [this] { return fromUnixNs(m_nowNs); });
    cost::Budget created = countBudget(cost::Budget::Measure::Created, 1'000);
    created.id = "b2";
    cost::Budget even = moneyBudget("1");
    even.id = "b3";
    even.scope = {cost::Scope::Kind::Metadata, "user", "even"};
    QVERIFY(desk.setBudget(moneyBudget("1")) && desk.setBudget(created) && desk.setBudget(even));
    const auto usages = [&] { return desk.report() ? desk.report()->usages : std::vector<cost::BudgetUsage>(); };
    QTRY_COMPARE(usages().size(), 3U);
    const Money all = tracker.costBetween(sample::at(-36'000), m_live.now);
    QCOMPARE(all, Money::parse("0.00003025")->scaled(100LL * count, 1));
    QCOMPARE(usages()[0].spent, all);
    QCOMPARE(usages()[1].count, count);
    QCOMPARE(usages()[2].spent, all.scaled(1, 2));

    // A late event of a cold one: counted once, now from memory.
    QSignalSpy changed(&tracker, &lifecycle::Tracker::sandboxesChanged);
    (*journal)->append(sample::resumed(300, "again", "old4"), [](lifecycle::Journal::Outcome) {});
    (*journal)->append(sample::ended(EventType::Paused, 20, "e4", 4, "old4"), [](lifecycle::Journal::Outcome) {});
    QTRY_VERIFY(!changed.isEmpty());
    QTRY_VERIFY(tracker.fold().find("old4") != nullptr);
    desk.evaluateNow();
    QTRY_COMPARE(usages()[0].spent, tracker.costBetween(sample::at(-36'000), m_live.now));
    QCOMPARE(usages()[1].count, count);
}

void TestGuardDesk::scopes_data()
{
    using Kind = cost::Scope::Kind;
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("value");
    QTest::addColumn<int>("covered"); ///< of two that cost the same
    QTest::newRow("all") << int(Kind::All) << QString() << QString() << 2;
    QTest::newRow("template") << int(Kind::Template) << QString() << u"tpl"_s << 2;
    QTest::newRow("another template") << int(Kind::Template) << QString() << u"other"_s << 0;
    QTest::newRow("metadata") << int(Kind::Metadata) << u"user"_s << u"42"_s << 1;
    QTest::newRow("any metadata value") << int(Kind::Metadata) << u"user"_s << QString() << 1;
    QTest::newRow("connection") << int(Kind::Connection) << QString() << u"Fake"_s << 1;
    QTest::newRow("team") << int(Kind::Team) << QString() << u"t-1"_s << 1;
    QTest::newRow("another team") << int(Kind::Team) << QString() << u"t-2"_s << 0;
    QTest::newRow("another connection") << int(Kind::Connection) << QString() << u"Cloud"_s << 0;
}

void TestGuardDesk::scopes()
{
    QFETCH(int, kind);
    QFETCH(QString, key);
    QFETCH(QString, value);
    QFETCH(int, covered);
    lifecycle::Event tagged = sample::created(0, "e1", "a");
    tagged.metadata = {{"user", "42"}};
    tagged.teamId = "t-1";
    lifecycle::Event size = sample::observedRunning(1, 0); // told by no list: its connection is not known
    size.sandboxId = "b";
    size.type = EventType::Created;
    size.typeName = sample::typeName(size.type);
    size.source = lifecycle::EventSource::Webhook;
    size.templateId = "tpl";
    QVERIFY(m_live.record({tagged, observed("a", 1, 0), sample::created(0, "e2", "b"),
                           sample::ended(EventType::Killed, 600, "e2", 0, "b")}));
    cost::Budget budget = moneyBudget("1");
    budget.scope = {static_cast<cost::Scope::Kind>(kind), toUtf8(key), toUtf8(value)};
    QVERIFY(m_desk->setBudget(budget));
    settle();
    QTRY_COMPARE(usage().spent, Money::parse("0.01815")->scaled(covered, 1));
}

void TestGuardDesk::endedOnesCount()
{
    QVERIFY(m_desk->setBudget(countBudget(cost::Budget::Measure::Created, 2)));
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), sample::ended(EventType::Killed, 5, "e1", 0, "a"),
                           sample::created(10, "e2", "b")}));
    settle();
    QTRY_COMPARE(usage().count, 2);
    BudgetListModel model(*m_desk);
    QCOMPARE(model.index(0, 0).data(BudgetListModel::StateRole).toInt(), int(BudgetListModel::State::Near));
    QCOMPARE(m_alerts.size(), 1U); // 50 %
    QVERIFY(m_live.record({sample::created(20, "e3", "c")}));
    QTRY_COMPARE(m_alerts.size(), 2U);
    QCOMPARE(usage().count, 3);
    QCOMPARE(model.index(0, 0).data(BudgetListModel::StateRole).toInt(), int(BudgetListModel::State::Over));
    QCOMPARE(model.overCount(), 1);
}

void TestGuardDesk::teamBudgetCountsItsOwnAlsoAfterARestart()
{
    m_server->scriptAll("/sandboxes/", [](const testsupport::FakeRequest &) { return FakeReply::json(204, {}); });
    const auto created = [](double seconds, const char *id, const char *team) {
        lifecycle::Event event = sample::created(seconds, std::string("e-") + id, id);
        event.teamId = team;
        return event;
    };
    cost::Budget budget = countBudget(cost::Budget::Measure::Created, 2);
    budget.moneyLimit = {}; // has no meaning here, and is not kept
    budget.scope = {cost::Scope::Kind::Team, {}, "ours"};
    budget.action = cost::Budget::Action::Pause;
    budget.isDryRun = false;
    budget.grace = 0s;
    QVERIFY(m_desk->setBudget(budget));
    QVERIFY(m_live.record({created(0, "a", "ours"), created(1, "x", "theirs"), created(2, "b", "ours"),
                           sample::ended(EventType::Killed, 5, "e-a", 0, "a"), created(6, "y", "theirs"),
                           created(7, "z", "")}));
    settle();
    QTRY_COMPARE(usage().count, 2); // the killed one counts, those of others do not
    QCOMPARE(m_desk->report()->teams, (std::map<std::string, std::string>{{"ours", ""}, {"theirs", ""}}));
    openDesk();
    QCOMPARE(m_desk->budgets(), std::vector<cost::Budget>{budget});
    m_desk->confirmFacts();
    settle();
    QCOMPARE(usage().count, 2);
    QVERIFY(m_alerts.empty()); // 50 % has been told before
    QVERIFY(m_live.record({created(20, "y2", "theirs"), created(21, "c", "ours")}));
    QTRY_COMPARE(usage().count, 3);
    QTRY_COMPARE(m_alerts.size(), 1U);
    QVERIFY(m_alerts.front().budget.isLimit);
    QTRY_COMPARE(sent("POST /sandboxes/c/pause"), 1);
    settle();
    QCOMPARE(m_server->requests().size(), 1); // nobody else's
}

void TestGuardDesk::runawayIsToldInTime()
{
    // On the real clock: one timer at the moment, nobody asks for an evaluation.
    m_nowNs = 0;
    const auto offset = sample::at(600) - systemNow();
    m_desk.reset();
    models::GuardFiles files{m_directory->filePath(u"c"_s).toStdString(),
                             m_directory->filePath(u"s"_s).toStdString(),
                             m_directory->filePath(u"a"_s).toStdString(),
                             {}};
    GuardDesk desk(m_live.tracker(), *m_actions, files, [offset] { return systemNow() + offset; });
    RunawayPolicy policy;
    policy.rules.threshold = 602s;
    QVERIFY(desk.setRunawayPolicy(policy));
    std::vector<std::pair<Timestamp, GuardAlert>> alerts;
    connect(&desk, &GuardDesk::alertRaised, this,
            [&](const GuardAlert &alert) { alerts.emplace_back(desk.now(), alert); });
    QVERIFY(m_live.record({sample::created(1, "e1", "a"), sample::created(1, "e2", "b"),
                           sample::ended(EventType::Paused, 5, "e2", 1, "b")}));
    QTRY_COMPARE_WITH_TIMEOUT(alerts.size(), 1U, 10'000);
    QCOMPARE(alerts.front().second.sandboxes, std::vector<std::string>{"a"});
    const auto late = alerts.front().first - sample::at(603);
    QVERIFY2(late > 0s && late <= 1s, qPrintable(QString::number(std::chrono::duration<double>(late).count())));
}

void TestGuardDesk::runawaysFollowTheirRules()
{
    m_server->scriptAll("/sandboxes/", [](const testsupport::FakeRequest &) { return FakeReply::json(204, {}); });
    lifecycle::Event slow = sample::created(0, "e2", "slow");
    slow.templateId = "ml";
    lifecycle::Event kept = sample::created(0, "e3", "kept");
    kept.metadata = {{"keep", "1"}};
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), slow, kept}));
    RunawayPolicy policy;
    policy.rules.threshold = 10min;
    policy.rules.perTemplate = {{"ml", 2h}};
    policy.response = RunawayPolicy::Response::Pause;
    policy.grace = 0s;
    policy.allowed = {{cost::Scope::Kind::Metadata, "keep", {}}};
    QVERIFY(m_desk->setRunawayPolicy(policy));
    moveTo(600); // exactly ten minutes: not yet too long
    QVERIFY(m_desk->report()->runaways.empty());
    moveTo(601);
    QCOMPARE(m_desk->report()->runawayCount, 2U);
    QCOMPARE(m_desk->report()->runaways.front().exceededBy, 1'000ms);
    QTRY_COMPARE(audit(models::AuditModel::VerbColumn).count(u"would pause"_s), 1);
    QCOMPARE(m_audit->at(0).target, "a");
    QCOMPARE(m_audit->at(0).why, "runs longer than 10 min");
    QCOMPARE(m_alerts.size(), 1U);
    moveTo(650);
    QVERIFY(m_server->requests().isEmpty());

    policy.isDryRun = false; // what has been rehearsed is done now, once
    QVERIFY(m_desk->setRunawayPolicy(policy));
    QTRY_COMPARE(sent("POST /sandboxes/a/pause"), 1);
    QVERIFY(m_live.record({sample::created(100, "e4", "d")}));
    moveTo(701);
    QTRY_COMPARE(m_server->requests().size(), 2);
    QCOMPARE(sent("POST /sandboxes/d/pause"), 1);
    moveTo(800);
    QCOMPARE(m_server->requests().size(), 2);
    policy.response = RunawayPolicy::Response::Off;
    QVERIFY(m_desk->setRunawayPolicy(policy));
    QTRY_VERIFY(m_desk->report()->runaways.empty());
}

void TestGuardDesk::configSurvivesARestart()
{
    cost::Budget budget = moneyBudget("12.5");
    budget.scope = {cost::Scope::Kind::Metadata, "user", "42"};
    budget.allowed = {{cost::Scope::Kind::Template, {}, "ml"}};
    QVERIFY(m_desk->setBudget(budget));
    cost::Budget second = countBudget(cost::Budget::Measure::Age, 60);
    second.id = "b2";
    second.moneyLimit = {}; // has no meaning here, and is not kept
    QVERIFY(m_desk->setBudget(second, 0));
    RunawayPolicy policy;
    policy.response = RunawayPolicy::Response::Kill;
    policy.isDryRun = false;
    policy.rules.perTemplate = {{"ml", 2h}};
    policy.allowed = budget.allowed;
    QVERIFY(m_desk->setRunawayPolicy(policy));
    openDesk();
    QCOMPARE(m_desk->budgets(), (std::vector<cost::Budget>{second, budget}));
    QCOMPARE(m_desk->runawayPolicy().response, RunawayPolicy::Response::Kill);
    QCOMPARE(m_desk->runawayPolicy().rules.perTemplate, policy.rules.perTemplate);
    QCOMPARE(m_desk->runawayPolicy().allowed, policy.allowed);
    QVERIFY(!m_desk->runawayPolicy().isDryRun);
    m_desk->removeBudget("b2");
    openDesk();
    QCOMPARE(m_desk->budgets(), std::vector<cost::Budget>{budget});
    QVERIFY(m_desk->failure().isEmpty());
}

void TestGuardDesk::damagedConfigIsKept()
{
    m_audit.reset();
    m_desk.reset();
    QFile file(m_directory->filePath(u"budgets.json"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(R"({"version":1,"budgets":[{"id":"x"}]})");
    file.close();
    openDesk();
    QVERIFY(m_desk->failure().contains(u"could not be read"_s));
    QVERIFY(m_desk->budgets().empty());
    QVERIFY(QFile::exists(file.fileName() + u".damaged"_s));
}

void TestGuardDesk::refusesNonsense()
{
    cost::Budget budget = moneyBudget("0");
    QVERIFY(!m_desk->setBudget(budget));
    RunawayPolicy policy;
    policy.rules.threshold = 0s;
    QVERIFY(!m_desk->setRunawayPolicy(policy));
    QVERIFY(m_desk->budgets().empty());
}

QTEST_GUILESS_MAIN(TestGuardDesk)
#include "tst_guarddesk.moc"
