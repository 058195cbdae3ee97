// What the guard does about it: pause and kill with their grace, undo, retries, and what it leaves alone.

#include "models/budgets/plannedmodel.h"
#include "models/timetravel/viewpoint.h"
#include "tests/models/guardfixture.h"

#include <QSignalSpy>

using namespace sandglass;
using namespace sandglass::test;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
using models::GuardDesk;
using testsupport::FakeReply;
namespace sample = lifecycle::sample;

class TestGuardActions final : public GuardFixture
{
    Q_OBJECT
private Q_SLOTS:
    void dryRunSendsNothing();
    void pausesOnceAfterTheGrace();
    void actsWhileSomebodyLooksBack();
    void undoneActionIsNotSent();
    void keepsOneOfSeveral();
    void actsOnNothingStale();
    void actsOnNothingInDoubt();
    void leavesOtherConnectionsAlone();
    void resumesWhatItPaused();
    void retriesAndTellsTheAnswer();
    void planSurvivesARestart();
};

void TestGuardActions::dryRunSendsNothing()
{
    runTwo();
    stopAt(cost::Budget::Action::Kill, true);
    QTRY_COMPARE(audit(models::AuditModel::VerbColumn).count(u"would kill"_s), 2);
    moveTo(700);
    moveTo(1'400);
    QCOMPARE(audit(models::AuditModel::VerbColumn).count(u"would kill"_s), 2);
    QVERIFY(m_desk->report()->planned.empty());
    QVERIFY(m_server->requests().isEmpty());
}

void TestGuardActions::pausesOnceAfterTheGrace()
{
    m_server->script("POST /sandboxes/a/pause", {FakeReply::json(204, {})});
    m_server->script("POST /sandboxes/b/pause", {FakeReply::json(204, {})});
    runTwo();
    m_desk->confirmFacts();
    stopAt(cost::Budget::Action::Pause, false);
    models::PlannedModel planned(*m_desk);
    QTRY_COMPARE(m_desk->report()->planned.size(), 2U);
    settle();
    QCOMPARE(planned.rowCount(), 2);
    QCOMPARE(planned.index(0, 0).data(models::PlannedModel::LeftMsRole).toLongLong(), 30'000);
    moveTo(629);
    QVERIFY(m_server->requests().isEmpty());
    moveTo(631);
    QTRY_COMPARE(sent("POST /sandboxes/a/pause"), 1);
    QTRY_COMPARE(sent("POST /sandboxes/b/pause"), 1);
    QTRY_COMPARE(audit(models::AuditModel::AnswerColumn).count(u"ok"_s), 2);
    QCOMPARE(planned.rowCount(), 0);
    // The events of it are late: nobody is paused twice.
    moveTo(700);
    moveTo(1'000);
    QCOMPARE(m_server->requests().size(), 2);
    QCOMPARE(audit(models::AuditModel::WhyColumn).front(), u"budget 'Daily' is used up"_s);
    QCOMPARE(audit(models::AuditModel::WhoColumn).front(), u"guard"_s);
}

/// A journey into the past is a matter of the pages: money is guarded, and events are stored, all the while.
void TestGuardActions::actsWhileSomebodyLooksBack()
{
    m_server->script("DELETE /sandboxes/a", {FakeReply::json(204, {})});
    m_server->script("DELETE /sandboxes/b", {FakeReply::json(204, {})});
    runTwo();
    models::Viewpoint viewpoint(m_live.tracker(), m_live.journal());
    viewpoint.travelTo(sample::at(0.5));
    QTRY_VERIFY(viewpoint.isInPast());
    QVERIFY(viewpoint.costBetween(sample::at(0), sample::at(600)).isZero()); // of a size not known by then
    m_desk->confirmFacts();
    stopAt(cost::Budget::Action::Kill, false);
    QTRY_COMPARE(m_desk->report()->planned.size(), 2U);
    moveTo(631);
    QTRY_COMPARE(sent("DELETE /sandboxes/a"), 1);
    QTRY_COMPARE(sent("DELETE /sandboxes/b"), 1);
    QVERIFY(m_live.record({sample::bare(EventType::Killed, 632, "e1", "a")}));
    QVERIFY(viewpoint.isInPast());
    QCOMPARE(viewpoint.newsCount(), 1);
    QVERIFY(viewpoint.fold().find("a")->state == lifecycle::SandboxState::Running);
    QVERIFY(m_live.tracker().fold().find("a")->state == lifecycle::SandboxState::Killed);
    viewpoint.returnToNow();
    QVERIFY(viewpoint.fold().find("a")->state == lifecycle::SandboxState::Killed);
}

void TestGuardActions::undoneActionIsNotSent()
{
    runTwo();
    m_desk->confirmFacts();
    stopAt(cost::Budget::Action::Kill, false);
    QTRY_COMPARE(m_desk->report()->planned.size(), 2U);
    m_desk->undo(m_desk->report()->planned.front().cause);
    QTRY_VERIFY(m_desk->report()->planned.empty());
    QCOMPARE(audit(models::AuditModel::VerbColumn).count(u"undo"_s), 2);
    moveTo(700);
    moveTo(1'500);
    QVERIFY(m_server->requests().isEmpty());
}

void TestGuardActions::keepsOneOfSeveral()
{
    m_server->script("DELETE /sandboxes/b", {FakeReply::json(204, {})});
    runTwo();
    m_desk->confirmFacts();
    stopAt(cost::Budget::Action::Kill, false);
    QTRY_COMPARE(m_desk->report()->planned.size(), 2U);
    m_desk->undo(m_desk->report()->planned.front().cause, "a");
    QTRY_COMPARE(m_desk->report()->planned.size(), 1U);
    moveTo(700);
    QTRY_COMPARE(sent("DELETE /sandboxes/b"), 1);
    QCOMPARE(m_server->requests().size(), 1);
}

void TestGuardActions::actsOnNothingStale()
{
    m_server->scriptAll("/sandboxes/", [](const testsupport::FakeRequest &) { return FakeReply::json(204, {}); });
    runTwo();
    m_desk->confirmFacts();
    stopAt(cost::Budget::Action::Kill, false);
    QTRY_COMPARE(m_desk->report()->planned.size(), 2U);
    m_nowNs = toUnixNs(sample::at(800)); // nobody has heard of them for more than a minute
    settle();
    QTRY_VERIFY(m_desk->report()->isStale);
    QCOMPARE(m_desk->report()->planned.size(), 2U);
    QVERIFY(m_server->requests().isEmpty());
    m_desk->confirmFacts(); // by itself, without anybody asking for an evaluation
    QTRY_COMPARE(m_server->requests().size(), 2);
}

void TestGuardActions::actsOnNothingInDoubt()
{
    m_server->script("POST /sandboxes/a/pause", {FakeReply::json(204, {})});
    m_server->script("POST /sandboxes/b/pause", {FakeReply::json(204, {})});
    runTwo();
    m_desk->confirmFacts();
    stopAt(cost::Budget::Action::Pause, false);
    QTRY_VERIFY(m_desk->report()->plannedCount == 2);
    m_desk->doubtFacts();                                         // a nap: by the clock everything known is fresh
    m_nowNs += std::chrono::nanoseconds(31s).count();             // the grace is over
    lifecycle::Event delivered = sample::created(601, "e3", "c"); // one webhook says nothing of what was missed
    delivered.receivedAt = fromUnixNs(m_nowNs);
    QVERIFY(m_live.record({delivered}));
    QTest::qWait(0); // what the desk has learnt goes to the worker before the next question
    settle();
    QVERIFY(m_desk->report()->isStale);
    QCOMPARE(sent("POST /sandboxes/a/pause"), 0);
    m_desk->confirmFacts();
    m_desk->evaluateNow();
    QTRY_COMPARE(sent("POST /sandboxes/a/pause"), 1);
    QTRY_COMPARE(sent("POST /sandboxes/b/pause"), 1);
    QVERIFY(!m_desk->report()->isStale);
}

void TestGuardActions::leavesOtherConnectionsAlone()
{
    runTwo();
    m_desk->setConnection(u"Another"_s);
    stopAt(cost::Budget::Action::Kill, false);
    moveTo(700);
    QTRY_COMPARE(audit(models::AuditModel::AnswerColumn)
                     .filter(u"it belongs to the connection 'Fake', which is not in use"_s)
                     .size(),
                 2);
    QVERIFY(m_server->requests().isEmpty());
}

void TestGuardActions::resumesWhatItPaused()
{
    m_server->script("POST /sandboxes/a/pause", {FakeReply::json(204, {})});
    m_server->script("POST /sandboxes/b/pause", {FakeReply::error(404, "gone")});
    m_server->script(
        "POST /sandboxes/a/connect",
        {FakeReply::error(500, "not now"),
         FakeReply::json(201, R"({"sandboxID":"a","templateID":"tpl","clientID":"c","envdVersion":"0.4.0"})")});
    runTwo();
    stopAt(cost::Budget::Action::Pause, false);
    moveTo(700);
    const auto undoable = [this] {
        int count = 0;
        for (int row = 0; row < m_audit->rowCount(); ++row)
            count += m_audit->index(row, 0).data(models::AuditModel::IsUndoableRole).toBool() ? 1 : 0;
        return count;
    };
    QTRY_COMPARE(undoable(), 1);
    QVERIFY(audit(models::AuditModel::AnswerColumn).contains(u"ok: it was gone"_s));
    QSignalSpy failures(m_desk.get(), &GuardDesk::resumeFailed);
    m_desk->resume("a");
    QTRY_COMPARE(failures.size(), 1);
    QCOMPARE(undoable(), 1);
    m_desk->resume("a");
    QTRY_COMPARE(undoable(), 0);
    QCOMPARE(m_audit->at(0).who, "person");
    QCOMPARE(m_audit->at(0).verb, "resume");
    QCOMPARE(m_audit->at(0).answer, "ok");
}

void TestGuardActions::retriesAndTellsTheAnswer()
{
    m_server->script("DELETE /sandboxes/a",
                     {FakeReply::error(503, "later"), FakeReply::error(503, "later"), FakeReply::json(204, {})});
    m_server->script("DELETE /sandboxes/b", {FakeReply::error(403, "not yours")});
    runTwo();
    stopAt(cost::Budget::Action::Kill, false);
    moveTo(700);
    QTRY_VERIFY(audit(models::AuditModel::AnswerColumn).contains(u"not yours"_s));
    // The client tries again by itself; whatever it gives up on comes back after a while.
    for (int seconds = 720; seconds < 900 && !audit(models::AuditModel::AnswerColumn).contains(u"ok"_s); seconds += 20)
        moveTo(seconds);
    QTRY_VERIFY(audit(models::AuditModel::AnswerColumn).contains(u"ok"_s));
    QCOMPARE(sent("DELETE /sandboxes/b"), 1);
}

void TestGuardActions::planSurvivesARestart()
{
    m_server->scriptAll("/sandboxes/", [](const testsupport::FakeRequest &) { return FakeReply::json(204, {}); });
    runTwo();
    stopAt(cost::Budget::Action::Kill, false);
    QTRY_COMPARE(m_desk->report()->planned.size(), 2U);
    openDesk();
    QCOMPARE(m_desk->report()->planned.size(), 2U);
    moveTo(700);
    QTRY_COMPARE(m_server->requests().size(), 2);
    QTRY_COMPARE(audit(models::AuditModel::AnswerColumn).count(u"ok"_s), 2);
    openDesk();
    moveTo(720);
    QCOMPARE(m_server->requests().size(), 2);
    QVERIFY(audit(models::AuditModel::AnswerColumn).count(u"ok"_s) >= 2); // read from the file
}

QTEST_GUILESS_MAIN(TestGuardActions)
#include "tst_guardactions.moc"
