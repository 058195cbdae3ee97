// A real sandbox paused and resumed by the buttons of the window: its files before and after, as the details show them.

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "tests/app/programfixture.h"

#include <QCheckBox>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableView>
#include <QTest>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;
using lifecycle::SandboxState;

class TestFileChecking final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void sameAfterTheResume();
    void lostFileIsShown();
    void canBeSwitchedOff();

private:
    void pause();
    void resume();
    template<typename T>
    [[nodiscard]] Result<T> wait(QFuture<Result<T>> future)
    {
        if (!QTest::qWaitFor([&future] { return future.isFinished(); }, 20'000))
            return failure(Error::Kind::Timeout, "no answer");
        return future.takeResult();
    }
    [[nodiscard]] SandboxState state()
    {
        const auto *sandbox = m_fixture->program().tracker().fold().find(m_sandbox.sandboxId);
        return sandbox != nullptr ? sandbox->state : SandboxState::Killed;
    }
    [[nodiscard]] QString words() { return m_fixture->find<QLabel>("filesWords")->text(); }

    std::unique_ptr<test::ProgramFixture> m_fixture = std::make_unique<test::ProgramFixture>();
    e2b::SandboxInfo m_sandbox;
};

void TestFileChecking::initTestCase()
{
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
    e2b::Client &client = m_fixture->program().localClient();
    const auto created = wait(client.createSandbox({}));
    QVERIFY2(created, created ? "" : created.error().message.c_str());
    m_sandbox = *created;
    for (const char *name : {"/home/user/data.csv", "/home/user/deep/er/notes.txt", "/home/user/empty"})
        QVERIFY(wait(client.writeFile(m_sandbox, name, name[11] == 'e' ? "" : "some text\n")));
    m_fixture->window().showPage(u"sandboxes"_s);
    auto *table = m_fixture->find<QTableView>("sandboxTable");
    QTRY_COMPARE(table->model()->rowCount(), 1);
    QTRY_COMPARE(state(), SandboxState::Running);
    QVERIFY(m_fixture->input.clickRow(table, 0));
    auto *files = m_fixture->find<QPushButton>("inspectorViews2");
    QTRY_VERIFY(files->isVisible());
    QVERIFY(m_fixture->input.click(files));
    QTRY_VERIFY2(words().startsWith(u"Pause it here"_s), qPrintable(words()));
}

void TestFileChecking::pause()
{
    auto *button = m_fixture->find<QPushButton>("pauseSandboxes");
    QTRY_VERIFY(button->isEnabled());
    QVERIFY(m_fixture->input.click(button));
    QTRY_COMPARE_WITH_TIMEOUT(state(), SandboxState::Paused, 20'000);
}

void TestFileChecking::resume()
{
    auto *button = m_fixture->find<QPushButton>("resumeSandboxes");
    QTRY_VERIFY(button->isEnabled());
    QVERIFY(m_fixture->input.click(button));
    QTRY_VERIFY(m_fixture->find<QPushButton>("confirmResume") != nullptr);
    QTRY_VERIFY(m_fixture->find<QPushButton>("confirmResume")->isVisible());
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("confirmResume")));
    QTRY_COMPARE_WITH_TIMEOUT(state(), SandboxState::Running, 20'000);
}

void TestFileChecking::sameAfterTheResume()
{
    pause();
    QTRY_VERIFY2(words().contains(u"before the pause"_s), qPrintable(words()));
    QVERIFY2(!words().startsWith(u"The files could not"_s), qPrintable(words()));
    resume();
    QTRY_VERIFY2(words().startsWith(u"Same: "_s), qPrintable(words()));
    const int same = words().section(u' ', 1, 1).toInt(); // "Same: 3 files."
    QVERIFY2(same >= 3, qPrintable(words()));
    QVERIFY(!m_fixture->find<QPlainTextEdit>("filesDifference")->isVisible());
}

/// A file that goes between the list before and the resume: here by the hand of the test, in the list that is kept.
void TestFileChecking::lostFileIsShown()
{
    pause();
    QTRY_VERIFY2(words().contains(u"before the pause"_s), qPrintable(words()));
    // Resumed behind the window's back, changed, and resumed by the window again.
    e2b::Client &client = m_fixture->program().localClient();
    const auto running = wait(client.connectSandbox(m_sandbox.sandboxId, 300));
    QVERIFY(running);
    auto *command = client.runCommand(*running, "rm data.csv; echo more >> deep/er/notes.txt; echo x > fresh", this);
    bool isOver = false;
    connect(command, &e2b::CommandRun::finished, this, [&isOver] { isOver = true; });
    QTRY_VERIFY_WITH_TIMEOUT(isOver, 10'000);
    QVERIFY(wait(client.pauseSandbox(m_sandbox.sandboxId)));
    QTRY_COMPARE_WITH_TIMEOUT(state(), SandboxState::Paused, 20'000);
    resume();
    QTRY_VERIFY2(words().startsWith(u"1 lost, 1 changed, 1 new"_s), qPrintable(words()));
    const QString lines = m_fixture->find<QPlainTextEdit>("filesDifference")->toPlainText();
    QVERIFY2(lines.contains(u"− /home/user/data.csv"_s), qPrintable(lines));
    QVERIFY2(lines.contains(u"− /home/user/deep/er/notes.txt"_s) && lines.contains(u"+ /home/user/deep/er/notes.txt"_s),
             qPrintable(lines));
    QVERIFY2(lines.contains(u"+ /home/user/fresh"_s), qPrintable(lines));
    QTRY_VERIFY(m_fixture->find<QPlainTextEdit>("filesDifference")->isVisible());
}

void TestFileChecking::canBeSwitchedOff()
{
    auto *compare = m_fixture->find<QCheckBox>("compareFiles");
    QVERIFY(compare->isChecked());
    compare->click();
    const QString before = words();
    pause();
    resume();
    QTest::qWait(500);
    QCOMPARE(words(), before); // of the pause before
    compare->click();
}

QTEST_MAIN(TestFileChecking)
#include "tst_filechecking.moc"
