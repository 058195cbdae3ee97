// The session against the real engine: code that does not end, code that leaves, an engine that dies.

#include "services/refine/refinesession.h"
#include "tests/services/engine/engine_process.h"

#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace sandglass::refine;

class TestRefineEngine final : public QObject
{
    Q_OBJECT

    EngineProcess m_engine;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<RefineSession> m_session;

    const Attempt &last() const { return m_session->attempts().back(); }
    void runAndWait(const std::string &code)
    {
        QSignalSpy finished(m_session.get(), &RefineSession::attemptFinished);
        QVERIFY(m_session->run(code));
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, 40'000);
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_engine.start());
        if (!m_engine.canRunSandboxes()) {
            if (qEnvironmentVariableIsSet("CI"))
                QFAIL("this machine runs no sandboxes");
            QSKIP("this machine runs no sandboxes");
        }
    }
    void init()
    {
        e2b::Connection connection;
        connection.apiUrl = m_engine.apiUrl().toString().toStdString();
        connection.sandboxUrl = m_engine.sandboxUrl().toString().toStdString();
        connection.apiKey = m_engine.key().toStdString();
        m_client = std::make_unique<e2b::Client>(connection);
        m_session = std::make_unique<RefineSession>(*m_client, "s");
    }
    void cleanup()
    {
        m_session.reset();
        m_client.reset();
    }

    void endlessLoopEndsAtItsTimeout();
    void leavingTheInterpreter_data();
    void leavingTheInterpreter();
    void engineIsKilled();
};

void TestRefineEngine::endlessLoopEndsAtItsTimeout()
{
    runAndWait("kept = 41");
    QVERIFY(last().verdict == Verdict::Passed);
    m_session->setRunTimeout(2);
    runAndWait("print('round', flush=True)\nwhile True: pass");
    QVERIFY(last().verdict == Verdict::TimedOut);
    QCOMPARE(last().output.text(), "round\n");
    QVERIFY(last().duration >= std::chrono::seconds(2));
    m_session->setRunTimeout(30);
    runAndWait("print(kept + 1)"); // the loop was interrupted, its context was not lost
    QVERIFY(last().verdict == Verdict::Passed);
    QCOMPARE(last().output.text(), "42\n");
    QCOMPARE(last().sandboxId, m_session->attempts().front().sandboxId);
}

void TestRefineEngine::leavingTheInterpreter_data()
{
    QTest::addColumn<QByteArray>("code");
    QTest::newRow("os._exit") << QByteArray("import os; os._exit(3)");
    QTest::newRow("sys.exit") << QByteArray("import sys; sys.exit(3)");
    QTest::newRow("killed") << QByteArray("import os, signal; os.kill(os.getpid(), signal.SIGKILL)");
}

void TestRefineEngine::leavingTheInterpreter()
{
    QFETCH(QByteArray, code);
    runAndWait(code.toStdString());
    QVERIFY(last().verdict == Verdict::Raised);
    QVERIFY(last().error && !last().error->name.empty());
    runAndWait("print(42)");
    QVERIFY(last().verdict == Verdict::Passed);
    QCOMPARE(last().output.text(), "42\n");
}

void TestRefineEngine::engineIsKilled()
{
    const QString api = QString::number(m_engine.apiUrl().port());
    const QString sandboxes = QString::number(m_engine.sandboxUrl().port());
    QSignalSpy finished(m_session.get(), &RefineSession::attemptFinished);
    QVERIFY(m_session->run("import time\nprint('begun', flush=True)\ntime.sleep(60)"));
    QTRY_VERIFY_WITH_TIMEOUT(m_session->newest().firstOutputAfter, 20'000);
    m_engine.kill();
    QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, 20'000);
    QVERIFY(last().verdict == Verdict::Broken);
    QVERIFY(last().trouble && last().trouble->kind == Error::Kind::Transport && !last().trouble->message.empty());
    QCOMPARE(last().output.text(), "begun\n");

    runAndWait("print(1)"); // nobody listens
    QVERIFY(last().verdict == Verdict::Broken);
    QVERIFY(last().trouble && last().trouble->kind == Error::Kind::Transport);

    QVERIFY(m_engine.start({QStringLiteral("--api-port"), api, QStringLiteral("--sandbox-port"), sandboxes}));
    runAndWait("print(2)");
    QVERIFY2(last().verdict == Verdict::Passed, last().trouble ? last().trouble->message.c_str() : "");
    QCOMPARE(last().output.text(), "2\n");
    QCOMPARE(m_session->attempts().size(), std::size_t{3});
    QVERIFY(m_session->attempts().front().sandboxId != last().sandboxId);
}

QTEST_GUILESS_MAIN(TestRefineEngine)
#include "tst_refineengine.moc"
