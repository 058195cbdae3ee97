// The engine dies in the middle of a run: the person reads what happened, presses one button, and goes on.

#include "tests/app/programfixture.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/refinepage.h"
#include "ui/widgets/stattile.h"

#include <QFrame>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QTest>

#include <csignal>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;
using models::AttemptRow;

class TestEngineTrouble final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void killedDuringARun();
    void oneClickBringsItBack();
    void closingSendsAWaitingKill();

private:
    [[nodiscard]] models::RunSession &session() { return m_fixture->program().runSession(); }
    void run(const QString &code)
    {
        m_fixture->program().refinePage().editor()->replaceCode(code);
        m_fixture->program().refinePage().run();
    }

    std::unique_ptr<test::ProgramFixture> m_fixture = std::make_unique<test::ProgramFixture>();
};

void TestEngineTrouble::initTestCase()
{
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
    QVERIFY(m_fixture->window().showPage(u"refine"_s));
}

void TestEngineTrouble::killedDuringARun()
{
    run(u"import time\nprint('begun', flush=True)\ntime.sleep(60)\n"_s);
    QTRY_VERIFY_WITH_TIMEOUT(session().firstOutputAfter().has_value(), 30'000);
    const qint64 engine = m_fixture->program().engine().processId();
    QVERIFY(engine > 0);
    ::kill(static_cast<pid_t>(engine), SIGKILL);

    QTRY_VERIFY_WITH_TIMEOUT(session().state() == models::RunSession::State::Idle, 15'000);
    const AttemptRow *attempt = session().attempts()->byNumber(1);
    QCOMPARE(attempt->verdict, AttemptRow::Verdict::Broken);
    QVERIFY(!attempt->reason.isEmpty());
    QVERIFY(!attempt->output.empty()); // what had arrived stays
    QVERIFY(session().trouble().has_value());

    auto *banner = m_fixture->find<QFrame>("banner");
    QTRY_VERIFY(banner->isVisible());
    QVERIFY2(banner->accessibleName().contains(u"local engine ended"_s), qPrintable(banner->accessibleName()));
    QVERIFY(banner->accessibleName().contains(u"history is intact"_s));
}

void TestEngineTrouble::oneClickBringsItBack()
{
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("bannerAction")));
    QTRY_COMPARE_WITH_TIMEOUT(m_fixture->program().engine().state(), app::EngineSupervisor::State::Ready, 30'000);
    QTRY_VERIFY(!m_fixture->find<QFrame>("banner")->isVisible());
    // Died with its engine; the list of the new one says so.
    QTRY_COMPARE_WITH_TIMEOUT(m_fixture->find<ui::StatTile>("tileActive")->value(), u"0"_s, 15'000);

    run(u"print('again')\n"_s);
    QTRY_VERIFY_WITH_TIMEOUT(session().attempts()->byNumber(2) != nullptr
                                 && session().attempts()->byNumber(2)->verdict == AttemptRow::Verdict::Ran,
                             30'000);
    QCOMPARE(session().attempts()->rowCount(), 2);
    QVERIFY(!session().trouble().has_value());
}

/// Kill, then close the window at once: the sandbox must not run on because nobody waited for Undo.
void TestEngineTrouble::closingSendsAWaitingKill()
{
    const QString sandbox = session().sandboxId();
    QVERIFY(!sandbox.isEmpty());
    QVERIFY(m_fixture->window().showPage(u"sandboxes"_s));
    auto *table = m_fixture->find<QTableView>("sandboxTable");
    QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 1, 10'000);
    table->selectRow(0);
    auto *kill = m_fixture->find<QPushButton>("killSandboxes");
    QTRY_VERIFY(kill->isEnabled());
    QTest::mouseClick(kill, Qt::LeftButton);
    m_fixture->window().close();
    const auto state = [&] { return m_fixture->program().tracker().fold().find(sandbox.toStdString())->state; };
    // Before the 5 s of Undo; and the receiver waits for the news of it before it takes back its webhook.
    QTRY_VERIFY_WITH_TIMEOUT(!m_fixture->program().receiving().isRegistered(), 4'000);
    QCOMPARE(state(), lifecycle::SandboxState::Killed);
}

QTEST_MAIN(TestEngineTrouble)
#include "tst_enginetrouble.moc"
