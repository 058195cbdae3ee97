// Budgets asked before something starts: by an evaluation of that moment, over a restart, with a way on that is kept.

#include "models/budgets/startgate.h"
#include "models/templates/newsandboxsession.h"
#include "models/templates/templatelistmodel.h"
#include "tests/models/guardfixture.h"

#include <QPromise>
#include <QSignalSpy>

using namespace sandglass;
using namespace sandglass::test;
using namespace Qt::Literals::StringLiterals;
using cost::Budget;
using models::NewSandboxSession;
using models::StartGate;
using State = models::StartGate::State;
using Why = cost::StartFinding::Why;
using List = std::vector<e2b::TemplateInfo>;

namespace {

template<typename T>
QFuture<T> ready(T value)
{
    QPromise<T> promise;
    promise.start();
    promise.addResult(std::move(value));
    promise.finish();
    return promise.future();
}

e2b::TemplateInfo baseTemplate()
{
    e2b::TemplateInfo info;
    info.templateId = "tpl";
    info.names = {"base"};
    info.buildStatus = "ready";
    info.cpuCount = 2;
    info.memoryMb = 512;
    return info;
}

} // namespace

class TestStartGate final : public GuardFixture
{
    Q_OBJECT
private Q_SLOTS:
    void usedUpRefusesAlsoAfterARestart();
    void asksForThisMoment();
    void anywayIsInTheAuditLog();
    void warningsLetItPass();
    void openWhileNoBudgetFits();
    void unknownSumIsARefusal();
    void newSandboxWaitsForTheAnswer();

private:
    void openGate();
    void ask(models::PlannedStart start = {"base", {}, 3'600, {}}, bool isAnyway = false);
    [[nodiscard]] Budget stopping(const char *dollars);

    std::unique_ptr<models::TemplateListModel> m_templates;
    std::unique_ptr<models::StartCheck> m_check;
    std::unique_ptr<StartGate> m_gate;
    int m_started = 0;
};

/// Over the desk there is; what a restart of the program makes anew.
void TestStartGate::openGate()
{
    m_gate.reset();
    m_check.reset();
    m_templates = std::make_unique<models::TemplateListModel>([] { return ready(Result<List>(List{baseTemplate()})); });
    m_templates->refresh();
    QTRY_COMPARE(m_templates->rowCount(), 1);
    m_check =
        std::make_unique<models::StartCheck>(*m_desk, *m_templates, [this] { return m_live.tracker().rateCard(); });
    m_gate = std::make_unique<StartGate>();
    m_gate->setCheck(m_check.get());
    m_started = 0;
}

void TestStartGate::ask(models::PlannedStart start, bool isAnyway)
{
    m_gate->pass(start, isAnyway, [this] { ++m_started; });
    QTRY_VERIFY(m_gate->state() != State::Asking);
}

Budget TestStartGate::stopping(const char *dollars)
{
    Budget budget = moneyBudget(dollars);
    budget.action = Budget::Action::Pause;
    budget.isDryRun = false;
    budget.grace = std::chrono::hours(1); // the guard itself stays out of it
    return budget;
}

void TestStartGate::usedUpRefusesAlsoAfterARestart()
{
    runTwo(); // $0.0363 after ten minutes
    QVERIFY(m_desk->setBudget(stopping("0.03")));
    openGate();
    ask();
    QCOMPARE(m_gate->state(), State::Refused);
    QCOMPARE(m_started, 0);
    const cost::StartFinding &finding = m_gate->verdict().findings.front();
    QCOMPARE(finding.why, Why::UsedUp);
    QCOMPARE(finding.budget.name, "Daily");
    QCOMPARE(finding.usage.spent, Money::parse("0.0363").value());

    m_gate.reset();
    m_check.reset();
    openDesk();
    openGate();
    ask();
    QCOMPARE(m_gate->state(), State::Refused);
    QVERIFY(m_desk->setBudget(stopping("5"))); // raised: the way on without an exception
    ask();
    QCOMPARE(m_gate->state(), State::Open);
    QCOMPARE(m_started, 1);
}

void TestStartGate::asksForThisMoment()
{
    runTwo();
    QVERIFY(m_desk->setBudget(stopping("0.04"))); // reached after 661 s
    settle();
    openGate();
    ask();
    QCOMPARE(m_started, 1);
    m_live.now = lifecycle::sample::at(700); // nobody has evaluated since
    m_nowNs = toUnixNs(m_live.now);
    ask();
    QCOMPARE(m_gate->state(), State::Refused);
    QCOMPARE(m_started, 1);
}

void TestStartGate::anywayIsInTheAuditLog()
{
    runTwo();
    QVERIFY(m_desk->setBudget(stopping("0.03")));
    openGate();
    ask();
    QCOMPARE(m_gate->state(), State::Refused);
    QVERIFY(!audit(models::AuditModel::VerbColumn).contains(u"start anyway"_s));
    ask({"base", {}, 3'600, {}}, true);
    QCOMPARE(m_gate->state(), State::Open);
    QCOMPARE(m_started, 1);
    QTRY_VERIFY(audit(models::AuditModel::VerbColumn).contains(u"start anyway"_s));
    const cost::AuditEntry entry = cost::AuditLog(m_directory->filePath(u"audit.jsonl"_s).toStdString()).newest(1)[0];
    QCOMPARE(entry.who, "person");
    QCOMPARE(entry.why, "budget 'Daily' is used up: $0.036300 of $0.030000 (template base)");
    ask(); // one exception, not the end of the budget
    QCOMPARE(m_gate->state(), State::Refused);
}

void TestStartGate::warningsLetItPass()
{
    runTwo();
    Budget two = countBudget(Budget::Measure::Created, 2);
    two.action = Budget::Action::Pause;
    two.isDryRun = false;
    QVERIFY(m_desk->setBudget(two));
    openGate();
    ask(); // the third
    QCOMPARE(m_started, 1);
    QCOMPARE(m_gate->verdict().findings.front().why, Why::WouldExceed);
    ask({"base", {}, 3'600, "a"}); // a run in one that is there
    QVERIFY(m_gate->verdict().findings.empty());
    QCOMPARE(m_started, 2);

    QVERIFY(m_desk->setBudget(stopping("0.14"))); // $0.0363 + $0.1089 for the hour
    settle();
    QCOMPARE(m_gate->look({"tpl", {}, 3'600, "a"}).findings.front().why, Why::WouldExceed);
    QCOMPARE(m_gate->look({"tpl", {}, 3'000, "a"}).findings.front().threshold, 50);
    QVERIFY(m_gate->look({"unknown", {}, 3'600, "a"}).findings.empty()); // of no size that is known
}

void TestStartGate::openWhileNoBudgetFits()
{
    runTwo();
    Budget budget = stopping("0.01");
    budget.scope = {cost::Scope::Kind::Metadata, "user", "42"};
    QVERIFY(m_desk->setBudget(budget));
    openGate();
    m_gate->pass({"base", {}, 60, {}}, false, [this] { ++m_started; });
    QCOMPARE(m_started, 1);                                     // without waiting for anybody
    budget.scope = {cost::Scope::Kind::Connection, {}, "Fake"}; // of the desk
    QVERIFY(m_desk->setBudget(budget));
    ask();
    QCOMPARE(m_gate->state(), State::Refused);

    lifecycle::Event ofTeam = lifecycle::sample::created(2, "e3", "c");
    ofTeam.teamId = "ours";
    QVERIFY(m_live.record({ofTeam, observed("c", 3, 2)})); // the list of the connection names it: whose team it is
    QTest::qWait(0);
    budget.scope = {cost::Scope::Kind::Team, {}, "theirs"};
    QVERIFY(m_desk->setBudget(budget));
    ask();
    QCOMPARE(m_started, 2);
    budget.scope = {cost::Scope::Kind::Team, {}, "ours"};
    QVERIFY(m_desk->setBudget(budget));
    settle();
    ask();
    QCOMPARE(m_gate->state(), State::Refused);
}

void TestStartGate::unknownSumIsARefusal()
{
    // One that has not read the history yet.
    lifecycle::Tracker reading(m_live.journal(), m_live.tracker().rateCard(), [this] { return m_live.now; });
    models::GuardFiles files{m_directory->filePath(u"c"_s).toStdString(),
                             m_directory->filePath(u"s"_s).toStdString(),
                             m_directory->filePath(u"a"_s).toStdString(),
                             {}};
    models::GuardDesk desk(reading, *m_actions, files, [this] { return fromUnixNs(m_nowNs); });
    QVERIFY(desk.setBudget(stopping("5")));
    openGate();
    models::StartCheck check(desk, *m_templates, [this] { return m_live.tracker().rateCard(); });
    StartGate gate;
    gate.setCheck(&check);
    gate.pass({"base", {}, 60, {}}, false, [this] { ++m_started; });
    QCOMPARE(gate.state(), State::Asking);
    QTRY_COMPARE_WITH_TIMEOUT(gate.state(), State::Refused, 6'000);
    QCOMPARE(gate.verdict().findings.front().why, Why::Unknown);
    gate.pass({"base", {}, 60, {}}, false, [this] { ++m_started; });
    reading.start(); // it comes to know while the question stands
    QTRY_COMPARE(gate.state(), State::Open);
    QCOMPARE(m_started, 1);
}

void TestStartGate::newSandboxWaitsForTheAnswer()
{
    runTwo();
    QVERIFY(m_desk->setBudget(stopping("0.03")));
    openGate();
    std::vector<std::string> made;
    NewSandboxSession session(
        [&](const e2b::SandboxSpec &spec) {
            made.push_back(spec.templateId);
            return ready(Result<e2b::SandboxInfo>(e2b::SandboxInfo{}));
        },
        [](const std::string &) { return ready(Result<>()); });
    session.gate().setCheck(m_check.get());
    e2b::SandboxSpec spec;
    spec.templateId = "tpl";
    session.create(spec);
    QCOMPARE(session.state(), NewSandboxSession::State::Asking);
    session.cancel();
    QCOMPARE(session.state(), NewSandboxSession::State::Cancelled);
    settle();
    QCOMPARE(session.state(), NewSandboxSession::State::Cancelled); // the late answer starts nothing
    session.create(spec);
    QTRY_COMPARE(session.state(), NewSandboxSession::State::Refused);
    QVERIFY(!session.isBusy() && made.empty());
    session.create(spec, true);
    QTRY_COMPARE(session.state(), NewSandboxSession::State::Created);
    QCOMPARE(made, std::vector<std::string>{"tpl"});
}

QTEST_GUILESS_MAIN(TestStartGate)
#include "tst_startgate.moc"
